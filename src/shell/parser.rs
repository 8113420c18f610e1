//! The grammar: from tokens to commands.

use super::ast::*;
use super::error::Fault;
use super::lexer::{Op, Parsed, Parser, Token, is_name, name};
use std::rc::Rc;

/// The reserved words.
const RESERVED: &[&[u8]] = &[
    b"!",
    b"[[",
    b"case",
    b"do",
    b"done",
    b"elif",
    b"else",
    b"esac",
    b"fi",
    b"for",
    b"function",
    b"if",
    b"in",
    b"then",
    b"until",
    b"while",
    b"{",
    b"}",
];

/// Whether a word is reserved where a command can begin.
pub fn is_reserved(word: &[u8]) -> bool {
    RESERVED.contains(&word)
}

/// Whether a reserved word ends a list.
fn is_closing(word: &[u8]) -> bool {
    matches!(
        word,
        b"then" | b"else" | b"elif" | b"fi" | b"do" | b"done" | b"esac" | b"}"
    )
}

impl Parser {
    /// The next line's commands; None at the end of the input.
    ///
    /// A line is as long as its commands are: up to the newline that ends them.
    pub fn next_command(&mut self) -> Parsed<Option<List>> {
        self.start_command();
        let mut items = Vec::new();
        loop {
            match self.command_token()? {
                Token::End if items.is_empty() => return Ok(None),
                Token::End => break,
                Token::Newline => {
                    self.take()?;
                    break;
                }
                _ => {
                    let item = self.item()?;
                    items.push(item);
                    if !self.at_line_end_or_separated()? {
                        return self.unexpected(None);
                    }
                }
            }
        }
        Ok(Some(List {
            items: items.into_boxed_slice(),
        }))
    }

    /// After an item of a line: was it ended by `;` or `&`, or does the line end?
    fn at_line_end_or_separated(&mut self) -> Parsed<bool> {
        if self.separated {
            return Ok(true);
        }
        Ok(matches!(self.peek()?, Token::Newline | Token::End))
    }

    /// A whole text as one list.
    pub(super) fn whole_program(&mut self) -> Parsed<List> {
        let list = self.list()?;
        match self.peek()? {
            Token::End => Ok(list),
            _ => self.unexpected(None),
        }
    }

    /// The program of `$(...)` with its closing parenthesis.
    pub(super) fn substitution_list(&mut self) -> Parsed<List> {
        let list = self.list()?;
        match self.take()? {
            Token::Op(Op::Close) => Ok(list),
            token => {
                self.put_back(token);
                self.unexpected(Some(")"))
            }
        }
    }

    pub(super) fn put_back(&mut self, token: Token) {
        self.peeked = Some(super::lexer::Peeked {
            token,
            start: self.last_end,
            line: self.line,
        });
    }

    /// Commands up to something that can only be the end of them.
    fn list(&mut self) -> Parsed<List> {
        if !self.stack.has_room() {
            return self.fail(Fault::TooDeep);
        }
        let mut items = Vec::new();
        loop {
            match self.command_token()? {
                Token::Newline => {
                    self.take()?;
                    continue;
                }
                Token::End | Token::Op(Op::Close | Op::SemiSemi | Op::SemiAmp) => break,
                Token::Word(word) if word.unquoted().is_some_and(is_closing) => break,
                _ => {}
            }
            let item = self.item()?;
            items.push(item);
            if !self.separated && !matches!(self.peek()?, Token::Newline) {
                break;
            }
        }
        Ok(List {
            items: items.into_boxed_slice(),
        })
    }

    /// A list that must hold a command.
    fn body(&mut self) -> Parsed<List> {
        let list = self.list()?;
        if list.items.is_empty() {
            return self.unexpected(None);
        }
        Ok(list)
    }

    /// An and-or list with the `;` or `&` after it.
    fn item(&mut self) -> Parsed<Item> {
        let (start, _) = self.token_place()?;
        let first = self.pipeline()?;
        let mut rest = Vec::new();
        loop {
            let and = match self.peek()? {
                Token::Op(Op::AndAnd) => true,
                Token::Op(Op::OrOr) => false,
                _ => break,
            };
            self.take()?;
            self.skip_newlines()?;
            rest.push((and, self.pipeline()?));
        }
        let chain = Chain {
            first,
            rest: rest.into_boxed_slice(),
        };
        let end = self.last_end;
        let background = match self.peek()? {
            Token::Op(Op::Amp) => Some(self.source_text(start, end)),
            _ => None,
        };
        self.separated = matches!(self.peek()?, Token::Op(Op::Amp | Op::Semi));
        if self.separated {
            self.take()?;
        }
        Ok(Item { chain, background })
    }

    /// A piece of the source on one line.
    fn source_text(&self, start: usize, end: usize) -> Rc<[u8]> {
        let text = self.buf.get(start..end).unwrap_or_default();
        let text = text
            .split(|&b| b == b'\n')
            .collect::<Vec<_>>()
            .join(&b"; "[..]);
        Rc::from(text.trim_ascii())
    }

    pub(super) fn skip_newlines(&mut self) -> Parsed<()> {
        while matches!(self.peek()?, Token::Newline) {
            self.take()?;
        }
        Ok(())
    }

    fn pipeline(&mut self) -> Parsed<Pipeline> {
        let mut negated = false;
        while self.at_reserved(b"!")? {
            self.take()?;
            negated = !negated;
        }
        let (start, _) = self.token_place()?;
        let mut commands = vec![Rc::new(self.command()?)];
        while matches!(self.peek()?, Token::Op(Op::Pipe)) {
            self.take()?;
            self.skip_newlines()?;
            commands.push(Rc::new(self.command()?));
        }
        let text = self
            .keep_text
            .then(|| self.source_text(start, self.last_end));
        Ok(Pipeline {
            negated,
            commands: commands.into_boxed_slice(),
            text,
        })
    }

    /// The next token where a command can begin: aliases are replaced.
    pub(super) fn command_token(&mut self) -> Parsed<&Token> {
        self.peek()?;
        while self.expand_alias()? {
            self.peek()?;
        }
        self.peek()
    }

    /// Whether the next token is this reserved word.
    fn at_reserved(&mut self, word: &[u8]) -> Parsed<bool> {
        Ok(match self.command_token()? {
            Token::Word(found) => found.unquoted() == Some(word),
            _ => false,
        })
    }

    /// Takes a reserved word that must come now.
    fn expect(&mut self, word: &'static str) -> Parsed<()> {
        if self.at_reserved(word.as_bytes())? {
            self.take()?;
            Ok(())
        } else {
            self.unexpected(Some(word))
        }
    }

    fn command(&mut self) -> Parsed<Command> {
        if !self.stack.has_room() {
            return self.fail(Fault::TooDeep);
        }
        let reserved = match self.command_token()? {
            Token::Op(Op::Open) => Some(&b"("[..]),
            Token::Word(word) => word
                .unquoted()
                .and_then(|text| RESERVED.iter().find(|reserved| **reserved == text))
                .copied(),
            _ => None,
        };
        let (_, line) = self.token_place()?;
        let kind = match reserved {
            None => return self.simple(),
            Some(b"function") => {
                self.take()?;
                return self.function_keyword();
            }
            Some(b"(") => self.subshell()?,
            Some(b"{") => self.brace()?,
            Some(b"if") => self.if_command()?,
            Some(b"while") => self.while_command(false)?,
            Some(b"until") => self.while_command(true)?,
            Some(b"for") => self.for_command()?,
            Some(b"case") => self.case_command()?,
            Some(b"[[") => self.test_command()?,
            Some(b"in") => return self.simple(),
            Some(_) => return self.unexpected(None),
        };
        let mut redirects = Vec::new();
        while self.redirect(&mut redirects)? {}
        Ok(Command::Compound(Box::new(Compound {
            kind,
            redirects: redirects.into_boxed_slice(),
            line,
        })))
    }

    fn subshell(&mut self) -> Parsed<Kind> {
        self.take()?;
        let list = self.body()?;
        match self.peek()? {
            Token::Op(Op::Close) => self.take()?,
            _ => return self.unexpected(Some(")")),
        };
        Ok(Kind::Subshell(Rc::new(list)))
    }

    fn brace(&mut self) -> Parsed<Kind> {
        self.take()?;
        let list = self.body()?;
        self.expect("}")?;
        Ok(Kind::Brace(list))
    }

    fn if_command(&mut self) -> Parsed<Kind> {
        let mut arms = Vec::new();
        let mut otherwise = None;
        loop {
            // `if` or `elif`
            self.take()?;
            let condition = self.body()?;
            self.expect("then")?;
            arms.push((condition, self.body()?));
            if self.at_reserved(b"elif")? {
                continue;
            }
            if self.at_reserved(b"else")? {
                self.take()?;
                otherwise = Some(self.body()?);
            }
            self.expect("fi")?;
            let arms = arms.into_boxed_slice();
            return Ok(Kind::If { arms, otherwise });
        }
    }

    fn while_command(&mut self, until: bool) -> Parsed<Kind> {
        self.take()?;
        let condition = self.body()?;
        let body = self.do_group()?;
        Ok(Kind::While {
            until,
            condition,
            body,
        })
    }

    fn do_group(&mut self) -> Parsed<List> {
        self.expect("do")?;
        let body = self.body()?;
        self.expect("done")?;
        Ok(body)
    }

    fn for_command(&mut self) -> Parsed<Kind> {
        self.take()?;
        let variable = match self.take()? {
            Token::Word(word) => word.unquoted().filter(|text| is_name(text)).map(name),
            _ => None,
        };
        let Some(variable) = variable else {
            return self.fail(Fault::BadForVariable);
        };
        let mut words = None;
        if matches!(self.peek()?, Token::Op(Op::Semi)) {
            self.take()?;
        } else {
            self.skip_newlines()?;
            if self.at_reserved(b"in")? {
                self.take()?;
                words = Some(self.for_words()?);
            }
        }
        self.skip_newlines()?;
        Ok(Kind::For {
            name: variable,
            words,
            body: self.do_group()?,
        })
    }

    fn for_words(&mut self) -> Parsed<Box<[Word]>> {
        let mut words = Vec::new();
        while matches!(self.peek()?, Token::Word(_)) {
            if let Token::Word(word) = self.take()? {
                words.push(word);
            }
        }
        match self.peek()? {
            Token::Op(Op::Semi) | Token::Newline => self.take()?,
            _ => return self.unexpected(None),
        };
        Ok(words.into_boxed_slice())
    }

    fn case_command(&mut self) -> Parsed<Kind> {
        self.take()?;
        let word = self.expect_word()?;
        self.skip_newlines()?;
        self.expect("in")?;
        let mut arms = Vec::new();
        loop {
            self.skip_newlines()?;
            if self.at_reserved(b"esac")? {
                break;
            }
            if matches!(self.peek()?, Token::Op(Op::Open)) {
                self.take()?;
            }
            let patterns = self.case_patterns()?;
            let body = self.list()?;
            let (ends, falls) = match self.peek()? {
                Token::Op(Op::SemiSemi) => (true, false),
                Token::Op(Op::SemiAmp) => (true, true),
                _ => (false, false),
            };
            arms.push(Arm {
                patterns,
                body,
                falls,
            });
            if !ends {
                break;
            }
            self.take()?;
        }
        self.expect("esac")?;
        let arms = arms.into_boxed_slice();
        Ok(Kind::Case { word, arms })
    }

    fn case_patterns(&mut self) -> Parsed<Box<[Word]>> {
        let mut patterns = Vec::new();
        loop {
            patterns.push(self.expect_word()?);
            match self.peek()? {
                Token::Op(Op::Pipe) => self.take()?,
                Token::Op(Op::Close) => {
                    self.take()?;
                    return Ok(patterns.into_boxed_slice());
                }
                _ => return self.unexpected(Some(")")),
            };
        }
    }

    /// Takes a word that must come now; digits before a redirection are one too.
    pub(super) fn expect_word(&mut self) -> Parsed<Word> {
        match self.peek()? {
            Token::Word(_) => {}
            Token::Number(number) => {
                let text = number.to_string();
                self.take()?;
                return Ok(super::word::quoted_word(text.into_bytes()));
            }
            _ => return self.unexpected(None),
        }
        match self.take()? {
            Token::Word(word) => Ok(word),
            _ => self.unexpected(None),
        }
    }

    fn function_keyword(&mut self) -> Parsed<Command> {
        let word = self.expect_word()?;
        if matches!(self.peek()?, Token::Op(Op::Open)) {
            self.take()?;
            if !matches!(self.peek()?, Token::Op(Op::Close)) {
                return self.unexpected(Some(")"));
            }
            self.take()?;
        }
        self.function(&word)
    }

    pub(super) fn function(&mut self, word: &Word) -> Parsed<Command> {
        let Some(text) = word.unquoted().filter(|text| is_name(text)) else {
            return self.fail(Fault::BadFunctionName);
        };
        self.skip_newlines()?;
        let body = Rc::new(self.command()?);
        Ok(Command::Function {
            name: name(text),
            body,
        })
    }
}

#[test]
fn deep_nesting_is_an_error_and_no_crash() {
    use super::input::Text;
    use super::stack::StackGuard;
    let check = |text: String| {
        let guard = StackGuard::with_room(1 << 20);
        let mut parser = Parser::new(Box::new(Text::new(text)), None, guard);
        while let Ok(Some(_)) = parser.next_command() {}
    };
    for piece in [
        "(",
        "{ ",
        "$(",
        "`",
        "\"$(",
        "if ",
        "$((",
        "${x:-",
        "case x in x) ",
        "! ",
        "<(",
        "[[ ( ",
    ] {
        check("echo ".to_owned() + &piece.repeat(20_000));
        check(piece.repeat(20_000));
    }
}
