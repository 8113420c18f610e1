//! POSIX regular expressions (XBD chapter 9) with the GNU escapes, to a tree.
//!
//! Basic and extended syntax differ only in which characters need a backslash, so one
//! parser reads both: a token is what the character means, not how it is spelled.

use super::Error;

/// A set of bytes.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub struct ByteSet([u32; 8]);

impl ByteSet {
    /// Adds a byte.
    pub fn add(&mut self, byte: u8) {
        self.0[usize::from(byte >> 5)] |= 1 << (byte & 31);
    }

    /// Takes a byte out.
    pub fn remove(&mut self, byte: u8) {
        self.0[usize::from(byte >> 5)] &= !(1 << (byte & 31));
    }

    /// Whether the byte is in it.
    pub fn has(&self, byte: u8) -> bool {
        self.0[usize::from(byte >> 5)] & 1 << (byte & 31) != 0
    }

    /// All bytes that pass the test.
    pub fn of(test: impl Fn(u8) -> bool) -> ByteSet {
        let mut set = ByteSet::default();
        (0..=255)
            .filter(|byte| test(*byte))
            .for_each(|byte| set.add(byte));
        set
    }

    fn not(self) -> ByteSet {
        ByteSet(self.0.map(|word| !word))
    }

    /// The byte, when there is just one.
    pub fn single(&self) -> Option<u8> {
        let mut members = (0..=255).filter(|byte| self.has(*byte));
        members.next().filter(|_| members.next().is_none())
    }
}

/// What must hold at a place without taking a byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Assertion {
    /// `^`: the text, or a line of it, begins.
    LineStart,
    /// `$`
    LineEnd,
    /// `\<`
    WordStart,
    /// `\>`
    WordEnd,
    /// `\b`
    WordEdge,
    /// `\B`
    NoWordEdge,
    /// No word byte stands before: `grep -w`.
    NoWordBefore,
    /// No word byte follows: `grep -w`.
    NoWordAfter,
    /// `` \` ``: the text begins.
    TextStart,
    /// `\'`
    TextEnd,
}

/// A regular expression.
#[derive(Clone)]
pub enum Node {
    /// The empty text.
    Empty,
    /// One byte of a set.
    Set(ByteSet),
    /// An assertion.
    Assert(Assertion),
    /// One after the other.
    Concat(Vec<Node>),
    /// One of several.
    Either(Vec<Node>),
    /// Repeated between `min` and `max` times; None: without end.
    Repeat {
        /// What is repeated.
        node: Box<Node>,
        /// At least so often.
        min: u32,
        /// At most so often.
        max: Option<u32>,
    },
    /// A group and its number, from 1.
    Group(u32, Box<Node>),
    /// `\1`: what a group matched.
    Back(u32),
}

/// How a pattern is spelled and what it means.
#[derive(Clone, Copy, Debug, Default)]
pub struct Syntax {
    /// ERE instead of BRE.
    pub extended: bool,
    /// Upper and lower case are the same (ASCII).
    pub ignore_case: bool,
    /// The text is lines: `.` and `[^x]` never match a newline, `^` and `$` match at lines.
    pub lines: bool,
}

/// RE_DUP_MAX: the largest number in an interval.
const DUP_MAX: u32 = 32767;
/// Groups nested deeper are refused; the stack is finite.
const DEEPEST: u32 = 200;

/// Reads a pattern; gives the tree and the number of groups.
///
/// # Errors
/// [`Error`] with the words of regerror for what POSIX leaves undefined or forbids.
pub fn parse(pattern: &[u8], syntax: Syntax) -> Result<(Node, u32), Error> {
    let mut parser = Parser {
        rest: pattern,
        syntax,
        groups: 0,
        depth: 0,
        open: Vec::new(),
    };
    let node = parser.alternatives()?;
    match parser.next_token()? {
        Token::End => Ok((node, parser.groups)),
        _ => Err(Error::Parenthesis),
    }
}

enum Token {
    End,
    Byte(u8),
    Any,
    Bracket,
    Open,
    Close,
    Or,
    Star,
    Plus,
    Question,
    Interval,
    Assert(Assertion),
    Class(ByteSet),
    Back(u32),
}

struct Parser<'a> {
    rest: &'a [u8],
    syntax: Syntax,
    groups: u32,
    depth: u32,
    /// Groups that are not closed yet: a reference into them never matches.
    open: Vec<u32>,
}

impl Parser<'_> {
    fn alternatives(&mut self) -> Result<Node, Error> {
        let mut branches = vec![self.branch()?];
        while matches!(self.peek_token()?, Token::Or) {
            self.next_token()?;
            branches.push(self.branch()?);
        }
        Ok(if branches.len() == 1 {
            branches.remove(0)
        } else {
            Node::Either(branches)
        })
    }

    fn branch(&mut self) -> Result<Node, Error> {
        let mut parts = Vec::new();
        loop {
            let at_start = parts.is_empty();
            let node = match self.peek_token()? {
                Token::End | Token::Or => break,
                // A lone closing parenthesis is a byte in ERE (XBD 9.4.8 leaves it undefined).
                Token::Close if self.depth > 0 || !self.syntax.extended => break,
                _ => self.atom(at_start)?,
            };
            let node = self.repeated(node)?;
            parts.push(node);
        }
        Ok(match parts.len() {
            0 => Node::Empty,
            1 => parts.remove(0),
            _ => Node::Concat(parts),
        })
    }

    fn atom(&mut self, at_start: bool) -> Result<Node, Error> {
        let extended = self.syntax.extended;
        Ok(match self.next_token()? {
            Token::Byte(byte) => self.byte(byte),
            Token::Close => self.byte(b')'),
            Token::Any => Node::Set(ByteSet::of(|byte| byte != b'\n' || !self.syntax.lines)),
            Token::Class(set) => Node::Set(set),
            Token::Bracket => Node::Set(self.bracket()?),
            // In a BRE an anchor means itself where it cannot anchor (XBD 9.3.8).
            Token::Assert(Assertion::LineStart) if !extended && !at_start => self.byte(b'^'),
            Token::Assert(Assertion::LineEnd) if !extended && !self.at_branch_end() => {
                self.byte(b'$')
            }
            Token::Assert(assertion) => Node::Assert(assertion),
            Token::Open => self.group()?,
            Token::Back(number) => {
                if number > self.groups || self.open.contains(&number) {
                    return Err(Error::BackReference);
                }
                Node::Back(number)
            }
            // `*` first is a byte in BRE; in ERE it is undefined and means nothing here.
            Token::Star if !extended => self.byte(b'*'),
            Token::Plus if !extended => self.byte(b'+'),
            Token::Question if !extended => self.byte(b'?'),
            Token::Interval if !extended => return Err(Error::Repeat),
            Token::Star => self.byte(b'*'),
            Token::Plus => self.byte(b'+'),
            Token::Question => self.byte(b'?'),
            Token::Interval => self.byte(b'{'),
            Token::End | Token::Or => Node::Empty,
        })
    }

    fn group(&mut self) -> Result<Node, Error> {
        self.groups += 1;
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(Error::TooBig);
        }
        let number = self.groups;
        self.open.push(number);
        let node = self.alternatives()?;
        match self.next_token()? {
            Token::Close => {}
            _ => return Err(Error::Parenthesis),
        }
        self.open.pop();
        self.depth -= 1;
        Ok(Node::Group(number, Box::new(node)))
    }

    /// Applies the repetitions that follow an atom.
    fn repeated(&mut self, mut node: Node) -> Result<Node, Error> {
        // `^*`: in BRE the star after an anchor is a byte.
        if !self.syntax.extended && matches!(node, Node::Assert(Assertion::LineStart)) {
            return Ok(node);
        }
        let mut nested = 0;
        loop {
            let (min, max) = match self.peek_token()? {
                Token::Star => (0, None),
                Token::Plus => (1, None),
                Token::Question => (0, Some(1)),
                Token::Interval => {
                    self.next_token()?;
                    let (min, max) = self.interval()?;
                    node = Node::Repeat {
                        node: Box::new(node),
                        min,
                        max,
                    };
                    continue;
                }
                _ => return Ok(node),
            };
            self.next_token()?;
            nested += 1;
            if nested > DEEPEST {
                return Err(Error::TooBig);
            }
            node = Node::Repeat {
                node: Box::new(node),
                min,
                max,
            };
        }
    }

    /// `m}`, `m,}`, `m,n}`, `,n}` after the opening brace.
    fn interval(&mut self) -> Result<(u32, Option<u32>), Error> {
        let min = self.number();
        let max = if self.rest.first() == Some(&b',') {
            self.rest = &self.rest[1..];
            self.number()
        } else {
            Some(min.ok_or(Error::Interval)?)
        };
        let close: &[u8] = if self.syntax.extended { b"}" } else { b"\\}" };
        self.rest = self.rest.strip_prefix(close).ok_or(Error::Interval)?;
        let min = min.unwrap_or(0);
        if min > DUP_MAX || max.is_some_and(|max| max < min || max > DUP_MAX) {
            return Err(Error::Interval);
        }
        Ok((min, max))
    }

    fn number(&mut self) -> Option<u32> {
        let digits = self.rest.iter().take_while(|b| b.is_ascii_digit()).count();
        let (number, rest) = self.rest.split_at(digits);
        self.rest = rest;
        let value = |n: u32, b: &u8| n.saturating_mul(10).saturating_add(u32::from(b - b'0'));
        (digits > 0).then(|| number.iter().fold(0, value))
    }

    /// A byte as it stands, or in both cases.
    fn byte(&self, byte: u8) -> Node {
        Node::Set(self.folded(ByteSet::of(|b| b == byte)))
    }

    fn folded(&self, set: ByteSet) -> ByteSet {
        if !self.syntax.ignore_case {
            return set;
        }
        ByteSet::of(|b| {
            set.has(b.to_ascii_lowercase()) || set.has(b.to_ascii_uppercase()) || set.has(b)
        })
    }

    /// Whether the branch ends here: a `$` before this place is an anchor.
    fn at_branch_end(&self) -> bool {
        self.rest.is_empty() || self.rest.starts_with(b"\\)") || self.rest.starts_with(b"\\|")
    }

    fn peek_token(&mut self) -> Result<Token, Error> {
        let before = self.rest;
        let token = self.next_token();
        self.rest = before;
        token
    }

    fn next_token(&mut self) -> Result<Token, Error> {
        let Some((&byte, rest)) = self.rest.split_first() else {
            return Ok(Token::End);
        };
        self.rest = rest;
        let extended = self.syntax.extended;
        Ok(match byte {
            b'\\' => {
                let (&escaped, rest) = rest.split_first().ok_or(Error::Backslash)?;
                self.rest = rest;
                self.escaped(escaped)
            }
            b'.' => Token::Any,
            b'[' => Token::Bracket,
            b'*' => Token::Star,
            b'^' => Token::Assert(Assertion::LineStart),
            b'$' => Token::Assert(Assertion::LineEnd),
            b'(' if extended => Token::Open,
            b')' if extended => Token::Close,
            b'|' if extended => Token::Or,
            b'+' if extended => Token::Plus,
            b'?' if extended => Token::Question,
            // `a{` and `{x` are bytes, as in every implementation in use.
            b'{' if extended && matches!(rest.first(), Some(b'0'..=b'9' | b',')) => Token::Interval,
            _ => Token::Byte(byte),
        })
    }

    fn escaped(&self, byte: u8) -> Token {
        let extended = self.syntax.extended;
        match byte {
            b'(' if !extended => Token::Open,
            b')' if !extended => Token::Close,
            b'|' if !extended => Token::Or,
            b'+' if !extended => Token::Plus,
            b'?' if !extended => Token::Question,
            b'{' if !extended => Token::Interval,
            b'1'..=b'9' => Token::Back(u32::from(byte - b'0')),
            b'n' => Token::Byte(b'\n'),
            b't' => Token::Byte(b'\t'),
            b'r' => Token::Byte(b'\r'),
            b'f' => Token::Byte(0x0c),
            b'v' => Token::Byte(0x0b),
            b'a' => Token::Byte(7),
            b'w' => Token::Class(ByteSet::of(is_word)),
            b'W' => Token::Class(self.without_newline(ByteSet::of(|b| !is_word(b)))),
            b's' => Token::Class(self.without_newline(ByteSet::of(is_space))),
            b'S' => Token::Class(ByteSet::of(|b| !is_space(b))),
            b'<' => Token::Assert(Assertion::WordStart),
            b'>' => Token::Assert(Assertion::WordEnd),
            b'b' => Token::Assert(Assertion::WordEdge),
            b'B' => Token::Assert(Assertion::NoWordEdge),
            b'`' => Token::Assert(Assertion::TextStart),
            b'\'' => Token::Assert(Assertion::TextEnd),
            _ => Token::Byte(byte),
        }
    }

    fn without_newline(&self, mut set: ByteSet) -> ByteSet {
        if self.syntax.lines {
            set.remove(b'\n');
        }
        set
    }

    /// A bracket expression, after its `[` (XBD 9.3.5).
    fn bracket(&mut self) -> Result<ByteSet, Error> {
        let negated = self.rest.first() == Some(&b'^');
        if negated {
            self.rest = &self.rest[1..];
        }
        let mut set = ByteSet::default();
        let mut first = true;
        loop {
            let (&byte, rest) = self.rest.split_first().ok_or(Error::Bracket)?;
            if byte == b']' && !first {
                self.rest = rest;
                break;
            }
            first = false;
            if rest.first() == Some(&b':') && byte == b'[' {
                self.named_class(&mut set)?;
                continue;
            }
            let low = self.bracket_byte()?;
            match self.rest {
                [b'-', next, ..] if *next != b']' => {
                    self.rest = &self.rest[1..];
                    let high = self.bracket_byte()?;
                    if high < low {
                        return Err(Error::Range);
                    }
                    (low..=high).for_each(|byte| set.add(byte));
                }
                _ => set.add(low),
            }
        }
        set = self.folded(set);
        Ok(if negated {
            self.without_newline(set.not())
        } else {
            set
        })
    }

    /// One byte of a bracket expression: itself, `[.x.]` or `[=x=]`.
    fn bracket_byte(&mut self) -> Result<u8, Error> {
        match self.rest {
            [b'[', sign @ (b'.' | b'='), byte, end, b']', rest @ ..] if sign == end => {
                self.rest = rest;
                Ok(*byte)
            }
            [b'[', b'.' | b'=', ..] => Err(Error::Collation),
            [byte, rest @ ..] => {
                self.rest = rest;
                Ok(*byte)
            }
            [] => Err(Error::Bracket),
        }
    }

    fn named_class(&mut self, set: &mut ByteSet) -> Result<(), Error> {
        let end = memchr::memmem::find(self.rest, b":]").ok_or(Error::Bracket)?;
        let name = self.rest.get(2..end).unwrap_or_default();
        let class = class(name).ok_or(Error::Class)?;
        self.rest = &self.rest[end + 2..];
        (0..=255)
            .filter(|byte| class.has(*byte))
            .for_each(|byte| set.add(byte));
        Ok(())
    }
}

/// The bytes of `[:name:]` in the POSIX locale.
pub fn class(name: &[u8]) -> Option<ByteSet> {
    let test: fn(u8) -> bool = match name {
        b"alpha" => |b| b.is_ascii_alphabetic(),
        b"digit" => |b| b.is_ascii_digit(),
        b"alnum" => |b| b.is_ascii_alphanumeric(),
        b"upper" => |b| b.is_ascii_uppercase(),
        b"lower" => |b| b.is_ascii_lowercase(),
        b"space" => is_space,
        b"blank" => |b| b == b' ' || b == b'\t',
        b"punct" => |b| b.is_ascii_punctuation(),
        b"print" => |b| (0x20..0x7f).contains(&b),
        b"graph" => |b| b.is_ascii_graphic(),
        b"cntrl" => |b| b.is_ascii_control(),
        b"xdigit" => |b| b.is_ascii_hexdigit(),
        _ => return None,
    };
    Some(ByteSet::of(test))
}

fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t'..=b'\r')
}

/// A byte of a word: a letter, a digit or an underscore.
pub fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}
