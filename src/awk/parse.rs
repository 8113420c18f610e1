//! The grammar: rules, functions and statements. Expressions are in `expression.rs`.

use super::ast::{Expr, Function, Loop, Place, Rule, Statement, Var, Way, When};
use super::lexer::{self, Lexer, Token};
use super::{Error, Fault, Program, special};
use crate::text::regex::{Regex, Syntax};
use std::collections::HashMap;

/// Levels of braces, parentheses and operators inside each other that are allowed.
const DEEPEST: u32 = 200;

/// Reads a program.
///
/// # Errors
/// The first thing that is wrong, and its line.
pub fn parse(text: &[u8]) -> Result<Program, Error> {
    let globals = special::NAMES.iter().enumerate();
    let mut parser = Parser {
        lexer: Lexer::new(text),
        token: Token::Newline,
        start: 0,
        depth: 0,
        program: Program {
            globals: globals
                .map(|(at, name)| (name.as_bytes().to_vec(), at))
                .collect(),
            ..Program::default()
        },
        functions: HashMap::new(),
        locals: Vec::new(),
        current: None,
        passed: Vec::new(),
        no_greater: false,
        no_in: false,
        loops: 0,
    };
    match parser.program() {
        Ok(()) => Ok(parser.program),
        Err(fault) => {
            let before = text.get(..parser.start).unwrap_or(text);
            let line = memchr::memchr_iter(b'\n', before).count() + 1;
            Err(Error { line, fault })
        }
    }
}

pub(super) struct Parser<'a> {
    lexer: Lexer<'a>,
    pub(super) token: Token,
    /// Where the token begins.
    start: usize,
    depth: u32,
    pub(super) program: Program,
    functions: HashMap<Vec<u8>, usize>,
    /// Parameters of the function that is read.
    locals: Vec<Vec<u8>>,
    current: Option<usize>,
    /// Variables that are passed to functions: by which function, to which, as which.
    passed: Vec<(Option<usize>, Var, usize, usize)>,
    /// `>` is where `print` writes, not a comparison.
    pub(super) no_greater: bool,
    /// `in` belongs to `for`.
    pub(super) no_in: bool,
    loops: u32,
}

impl Parser<'_> {
    fn program(&mut self) -> Result<(), Fault> {
        self.advance()?;
        loop {
            while matches!(self.token, Token::Newline | Token::Sign(";")) {
                self.advance()?;
            }
            if self.token == Token::End {
                break;
            }
            self.item()?;
        }
        if let Some(function) = self.program.functions.iter().find(|f| !f.defined) {
            return Err(Fault::Function(function.name.clone()));
        }
        self.spread_arrays();
        Ok(())
    }

    /// A parameter that is passed on to where an array is wanted is an array.
    fn spread_arrays(&mut self) {
        loop {
            let mut changed = false;
            for &(from, var, to, at) in &self.passed {
                let wanted = self.program.functions[to].arrays.get(at) == Some(&true);
                if let (true, Some(from), Var::Local(local)) = (wanted, from, var)
                    && let Some(known) = self.program.functions[from].arrays.get_mut(local)
                {
                    changed |= !*known;
                    *known = true;
                }
            }
            if !changed {
                break;
            }
        }
    }

    pub(super) fn advance(&mut self) -> Result<(), Fault> {
        // Where the last token ended, so that an error is on its line.
        self.start = self.lexer.at;
        let token = self.lexer.next()?;
        self.token = token;
        Ok(())
    }

    /// The token becomes the beginning of a regular expression.
    pub(super) fn regex(&mut self) -> Result<usize, Fault> {
        // `/=` may be the beginning of one too.
        self.lexer.at -= usize::from(self.token == Token::Sign("/="));
        let text = self.lexer.regex()?;
        self.advance()?;
        let syntax = Syntax {
            extended: true,
            ..Syntax::default()
        };
        let regex = Regex::new(&lexer::pattern(&text), syntax).map_err(Fault::Pattern)?;
        self.program.regexes.push(regex);
        Ok(self.program.regexes.len() - 1)
    }

    /// Runs a part of the grammar and goes back to before it if it does not fit.
    pub(super) fn attempt<T>(
        &mut self,
        part: impl FnOnce(&mut Self) -> Result<Option<T>, Fault>,
    ) -> Result<Option<T>, Fault> {
        let (at, start, token) = (self.lexer.at, self.start, self.token.clone());
        let result = part(self)?;
        if result.is_none() {
            (self.lexer.at, self.start, self.token) = (at, start, token);
        }
        Ok(result)
    }

    /// Goes a level deeper.
    pub(super) fn nested<T>(
        &mut self,
        part: impl FnOnce(&mut Self) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(Fault::Deep);
        }
        let result = part(self);
        self.depth -= 1;
        result
    }

    pub(super) fn is(&self, sign: &str) -> bool {
        matches!(self.token, Token::Sign(found) if found == sign)
    }

    pub(super) fn is_word(&self, word: &str) -> bool {
        matches!(self.token, Token::Word(found) if found == word)
    }

    /// Takes a sign if it is there.
    pub(super) fn take(&mut self, sign: &str) -> Result<bool, Fault> {
        let found = self.is(sign);
        if found {
            self.advance()?;
        }
        Ok(found)
    }

    pub(super) fn expect(&mut self, sign: &'static str) -> Result<(), Fault> {
        match self.take(sign)? {
            true => Ok(()),
            false => Err(Fault::Expected(sign)),
        }
    }

    pub(super) fn newlines(&mut self) -> Result<(), Fault> {
        while self.token == Token::Newline {
            self.advance()?;
        }
        Ok(())
    }

    pub(super) fn variable(&mut self, name: &[u8]) -> Result<Var, Fault> {
        if let Some(local) = self.locals.iter().position(|local| local == name) {
            return Ok(Var::Local(local));
        }
        if self.functions.contains_key(name) {
            return Err(Fault::Misused(name.to_vec()));
        }
        let next = self.program.globals.len();
        Ok(Var::Global(
            *self.program.globals.entry(name.to_vec()).or_insert(next),
        ))
    }

    /// The variable of this name, which is an array.
    pub(super) fn array(&mut self, name: &[u8]) -> Result<Var, Fault> {
        let var = self.variable(name)?;
        self.is_array(var);
        Ok(var)
    }

    /// The variable is an array.
    pub(super) fn is_array(&mut self, var: Var) {
        if let (Var::Local(local), Some(current)) = (var, self.current) {
            self.program.functions[current].arrays[local] = true;
        }
    }

    pub(super) fn function(&mut self, name: &[u8]) -> usize {
        let functions = &mut self.program.functions;
        *self.functions.entry(name.to_vec()).or_insert_with(|| {
            functions.push(Function {
                name: name.to_vec(),
                ..Function::default()
            });
            functions.len() - 1
        })
    }

    /// A variable is passed to a function, as an array or not.
    pub(super) fn pass(&mut self, var: Var, function: usize, at: usize) {
        self.passed.push((self.current, var, function, at));
    }

    fn item(&mut self) -> Result<(), Fault> {
        match &self.token {
            Token::Word("function" | "func") => self.definition(),
            Token::Word(word @ ("BEGIN" | "END")) => {
                let begin = *word == "BEGIN";
                self.advance()?;
                let block = self.block()?;
                match begin {
                    true => self.program.begin.push(block),
                    false => self.program.end.push(block),
                }
                Ok(())
            }
            _ => self.rule(),
        }
    }

    fn rule(&mut self) -> Result<(), Fault> {
        let when = if self.is("{") {
            When::Always
        } else {
            let first = self.expr()?;
            if self.take(",")? {
                self.newlines()?;
                When::Range(first, self.expr()?)
            } else {
                When::Matches(first)
            }
        };
        let action = match self.token {
            Token::Sign("{") => Some(self.block()?),
            Token::Newline | Token::End | Token::Sign(";") => None,
            _ => return Err(self.unexpected()),
        };
        self.program.rules.push(Rule { when, action });
        Ok(())
    }

    pub(super) fn unexpected(&self) -> Fault {
        Fault::Unexpected(match &self.token {
            Token::End => b"end of the program".to_vec(),
            Token::Newline => b"end of line".to_vec(),
            Token::Number(_) => b"number".to_vec(),
            Token::Text(text) => text.clone(),
            Token::Name(name) | Token::Called(name) => name.clone(),
            Token::Word(word) | Token::Sign(word) => word.as_bytes().to_vec(),
        })
    }

    fn definition(&mut self) -> Result<(), Fault> {
        self.advance()?;
        let (Token::Name(name) | Token::Called(name)) = self.token.clone() else {
            return Err(self.unexpected());
        };
        self.advance()?;
        if self.program.globals.contains_key(&name) {
            return Err(Fault::Misused(name));
        }
        let number = self.function(&name);
        if self.program.functions[number].defined {
            return Err(Fault::Twice(name));
        }
        self.expect("(")?;
        self.newlines()?;
        let mut locals = Vec::new();
        while let Token::Name(local) = &self.token {
            if locals.contains(local) || *local == name {
                return Err(Fault::Twice(local.clone()));
            }
            locals.push(local.clone());
            self.advance()?;
            self.newlines()?;
            if !self.take(",")? {
                break;
            }
            self.newlines()?;
        }
        self.expect(")")?;
        self.newlines()?;
        let function = &mut self.program.functions[number];
        function.parameters = locals.len();
        function.arrays = vec![false; locals.len()];
        function.defined = true;
        self.locals = locals;
        self.current = Some(number);
        let body = self.block()?;
        self.program.functions[number].body = body;
        self.current = None;
        self.locals.clear();
        Ok(())
    }

    fn block(&mut self) -> Result<Vec<Statement>, Fault> {
        self.expect("{")?;
        let mut statements = Vec::new();
        loop {
            while matches!(self.token, Token::Newline | Token::Sign(";")) {
                self.advance()?;
            }
            if self.take("}")? {
                return Ok(statements);
            }
            if self.token == Token::End {
                return Err(Fault::Expected("}"));
            }
            statements.push(self.nested(Self::statement)?);
        }
    }

    /// A statement as the body of another one.
    fn body(&mut self) -> Result<Vec<Statement>, Fault> {
        self.newlines()?;
        if self.take(";")? {
            return Ok(Vec::new());
        }
        Ok(match self.nested(Self::statement)? {
            Statement::Block(statements) => statements,
            statement => vec![statement],
        })
    }

    fn looped(&mut self) -> Result<Vec<Statement>, Fault> {
        self.loops += 1;
        let body = self.body();
        self.loops -= 1;
        body
    }

    fn condition(&mut self) -> Result<Expr, Fault> {
        self.expect("(")?;
        let condition = self.expr()?;
        self.expect(")")?;
        Ok(condition)
    }

    fn statement(&mut self) -> Result<Statement, Fault> {
        let Token::Word(word) = self.token else {
            if self.is("{") {
                return Ok(Statement::Block(self.block()?));
            }
            return self.simple_with_end();
        };
        match word {
            "if" => {
                self.advance()?;
                let condition = self.condition()?;
                let then = self.body()?;
                let has_else = self.attempt(|parser| {
                    while matches!(parser.token, Token::Newline | Token::Sign(";")) {
                        parser.advance()?;
                    }
                    Ok(parser.is_word("else").then_some(()))
                })?;
                let mut otherwise = Vec::new();
                if has_else.is_some() {
                    self.advance()?;
                    otherwise = self.body()?;
                }
                Ok(Statement::If(condition, then, otherwise))
            }
            "while" => {
                self.advance()?;
                let condition = self.condition()?;
                Ok(Statement::While(condition, self.looped()?))
            }
            "do" => {
                self.advance()?;
                let body = self.looped()?;
                while matches!(self.token, Token::Newline | Token::Sign(";")) {
                    self.advance()?;
                }
                if !self.is_word("while") {
                    return Err(Fault::Expected("while"));
                }
                self.advance()?;
                let condition = self.condition()?;
                self.end_of_simple()?;
                Ok(Statement::Do(body, condition))
            }
            "for" => self.for_loop(),
            _ => self.simple_with_end(),
        }
    }

    fn for_loop(&mut self) -> Result<Statement, Fault> {
        self.advance()?;
        self.expect("(")?;
        let for_in = self.attempt(|parser| {
            let Token::Name(name) = parser.token.clone() else {
                return Ok(None);
            };
            parser.advance()?;
            if !parser.is_word("in") {
                return Ok(None);
            }
            parser.advance()?;
            let Token::Name(array) = parser.token.clone() else {
                return Ok(None);
            };
            parser.advance()?;
            Ok(parser.is(")").then_some((name, array)))
        })?;
        if let Some((name, array)) = for_in {
            self.advance()?;
            let place = Place::Var(self.variable(&name)?);
            let array = self.array(&array)?;
            return Ok(Statement::ForIn(place, array, self.looped()?));
        }
        let first = match self.is(";") {
            true => None,
            false => Some(self.simple()?),
        };
        self.expect(";")?;
        self.newlines()?;
        let condition = match self.is(";") {
            true => None,
            false => Some(self.expr()?),
        };
        self.expect(";")?;
        self.newlines()?;
        let step = match self.is(")") {
            true => None,
            false => Some(self.simple()?),
        };
        self.expect(")")?;
        let body = self.looped()?;
        Ok(Statement::For(Box::new(Loop {
            first,
            condition,
            step,
            body,
        })))
    }

    fn simple_with_end(&mut self) -> Result<Statement, Fault> {
        let statement = self.simple()?;
        self.end_of_simple()?;
        Ok(statement)
    }

    fn end_of_simple(&mut self) -> Result<(), Fault> {
        match self.token {
            Token::Newline | Token::Sign(";") => self.advance(),
            Token::Sign("}") | Token::End => Ok(()),
            _ => Err(self.unexpected()),
        }
    }

    /// Whether a simple statement ends here.
    fn at_end(&self) -> bool {
        matches!(
            self.token,
            Token::Newline | Token::End | Token::Sign(";" | "}")
        )
    }

    fn simple(&mut self) -> Result<Statement, Fault> {
        let Token::Word(word) = self.token else {
            return Ok(Statement::Expr(self.expr()?));
        };
        if word == "getline" {
            return Ok(Statement::Expr(self.expr()?));
        }
        self.advance()?;
        let outside = self.loops == 0;
        Ok(match word {
            "print" | "printf" => return self.print(word == "printf"),
            "break" | "continue" if outside => return Err(Fault::Outside(word)),
            "break" => Statement::Break,
            "continue" => Statement::Continue,
            "next" => Statement::Next,
            "nextfile" => Statement::NextFile,
            "exit" => Statement::Exit(self.optional()?),
            "return" if self.current.is_none() => return Err(Fault::Outside(word)),
            "return" => Statement::Return(self.optional()?),
            "delete" => {
                let (Token::Name(name) | Token::Called(name)) = self.token.clone() else {
                    return Err(self.unexpected());
                };
                self.advance()?;
                let array = self.array(&name)?;
                if self.take("[")? {
                    let subscripts = self.list("]")?;
                    Statement::Delete(array, subscripts)
                } else {
                    Statement::DeleteAll(array)
                }
            }
            _ => return Err(Fault::Unexpected(word.as_bytes().to_vec())),
        })
    }

    fn optional(&mut self) -> Result<Option<Expr>, Fault> {
        match self.at_end() {
            true => Ok(None),
            false => self.expr().map(Some),
        }
    }

    fn print(&mut self, formatted: bool) -> Result<Statement, Fault> {
        let outer = std::mem::replace(&mut self.no_greater, true);
        let mut args = Vec::new();
        if !self.at_end() && !self.is(">") && !self.is(">>") && !self.is("|") {
            loop {
                args.push(self.expr_or_group()?);
                if !self.take(",")? {
                    break;
                }
                self.newlines()?;
            }
        }
        // `print (a, b) > "file"`
        if let [Expr::Group(_)] = &args[..]
            && let Some(Expr::Group(inner)) = args.pop()
        {
            args = inner;
        }
        if args.iter().any(|arg| matches!(arg, Expr::Group(_))) || formatted && args.is_empty() {
            return Err(self.unexpected());
        }
        let way = match self.token {
            Token::Sign(">") => Some(Way::Write),
            Token::Sign(">>") => Some(Way::Append),
            Token::Sign("|") => Some(Way::Pipe),
            _ => None,
        };
        let to = match way {
            None => None,
            Some(way) => {
                self.advance()?;
                Some((way, self.joined()?))
            }
        };
        self.no_greater = outer;
        Ok(Statement::Print {
            args,
            formatted,
            to,
        })
    }
}
