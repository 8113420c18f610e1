//! The command line of find: where to start, and an expression as a tree.

use safebox::applet::Ctx;
use safebox::error::{At, Error, Exit, Result};
use safebox::fsops::mode::Change;
use safebox::fsops::owner::Names;
use safebox::fsops::status::{Identity, Moment, Status};
use safebox::fsops::walk::Follow;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;

pub const USAGE: &str = "\
Usage: find [-HL] [PATH]... [EXPRESSION]

Walk through PATHs (the current directory) and act on each file that fits.

Walking:
  -L, -follow     follow symbolic links; -H: only PATHs themselves
  -xdev           do not go into other file systems
  -depth          what is in a directory before the directory
  -maxdepth N     at most N levels down; -mindepth N: nothing above N levels
Tests (N: exactly, +N: more, -N: less):
  -name PAT, -iname PAT      the name fits a pattern
  -path PAT, -ipath PAT      the whole path does
  -regex RE       the whole path fits a basic regular expression
  -type X         f file, d directory, l link, b c devices, p pipe, s socket; a list is f,d
  -perm MODE      exactly; -MODE: all these bits; /MODE: any of them
  -mtime N, -atime N, -ctime N   days ago; -mmin, -amin, -cmin: minutes
  -newer FILE     changed after FILE
  -size N[ckMGb]  bytes, kilobytes ..., or blocks of 512
  -user NAME, -group NAME, -links N, -inum N, -samefile FILE
  -empty          nothing in it; -executable, -readable, -writable: for us
  -true, -false
Together: ( EXPR )   ! EXPR   EXPR -a EXPR   EXPR -o EXPR
Actions (-print, if there is none):
  -print, -print0 the path, with a newline or NUL
  -exec CMD ;     run CMD with the path for {}; true if it ends well
  -exec CMD {} +  run CMD with many paths at once
  -ok CMD ;       ask first
  -delete         remove it (implies -depth)
  -prune          do not go into this directory
  -quit           end now

Example: find /etc/config -name '*.bak' -mtime +7 -delete
";

/// A number with its sign.
#[derive(Clone, Copy)]
pub enum Number {
    Exactly(u64),
    More(u64),
    Less(u64),
}

impl Number {
    pub fn fits(self, value: u64) -> bool {
        match self {
            Number::Exactly(n) => value == n,
            Number::More(n) => value > n,
            Number::Less(n) => value < n,
        }
    }
}

#[derive(Clone, Copy)]
pub enum Time {
    Modified,
    Accessed,
    Changed,
}

pub enum Bits {
    Exactly(u32),
    All(u32),
    Any(u32),
}

pub enum Expr {
    And(Box<Expr>, Box<Expr>),
    Or(Box<Expr>, Box<Expr>),
    Not(Box<Expr>),
    Constant(bool),
    Name {
        pattern: OsString,
        fold: bool,
    },
    Path {
        pattern: OsString,
        fold: bool,
    },
    /// The whole path; the number of its regular expression.
    Regex(usize),
    /// Letters of kinds.
    Kind(Vec<u8>),
    Permissions(Bits),
    /// Age in units of so many seconds.
    Age {
        time: Time,
        unit: i64,
        number: Number,
    },
    Newer(Moment),
    /// In units of bytes, rounded up.
    Size {
        unit: u64,
        number: Number,
    },
    User(u32),
    Group(u32),
    Links(Number),
    Inode(Number),
    Same(Identity),
    Empty,
    Access(rustix::fs::Access),
    Print(u8),
    /// For one path; asks first.
    Run {
        argv: Vec<OsString>,
        asks: bool,
    },
    /// For many: the number of its list.
    Collect(usize),
    Delete,
    Prune,
    Quit,
}

pub struct Plan {
    pub starts: Vec<OsString>,
    pub expr: Expr,
    pub follow: Follow,
    pub one_device: bool,
    pub depth_first: bool,
    pub least: usize,
    pub most: usize,
    /// The commands of `-exec ... +`.
    pub commands: Vec<Vec<OsString>>,
    /// The patterns of `-regex`.
    pub regexes: Vec<OsString>,
}

impl Plan {
    pub fn parse(ctx: &Ctx) -> Result<Plan> {
        let mut args = ctx.args.as_slice();
        let mut plan = Plan {
            starts: Vec::new(),
            expr: Expr::Constant(true),
            follow: Follow::Never,
            one_device: false,
            depth_first: false,
            least: 0,
            most: usize::MAX,
            commands: Vec::new(),
            regexes: Vec::new(),
        };
        while let [first, rest @ ..] = args {
            match first.as_bytes() {
                b"-L" => plan.follow = Follow::Always,
                b"-H" => plan.follow = Follow::Operands,
                b"-P" => plan.follow = Follow::Never,
                b"--" => {}
                _ => break,
            }
            args = rest;
        }
        let is_expression = |arg: &OsString| {
            let bytes = arg.as_bytes();
            matches!(bytes, b"(" | b"!") || (bytes.starts_with(b"-") && bytes.len() > 1)
        };
        let starts = args.iter().position(is_expression).unwrap_or(args.len());
        let (starts, args) = args.split_at(starts);
        plan.starts = starts.to_vec();
        let mut parser = Parser {
            ctx,
            args,
            plan: &mut plan,
            acts: false,
        };
        let expr = match args {
            [] => Expr::Constant(true),
            _ => parser.alternatives()?,
        };
        if let [left, ..] = parser.args {
            return Err(unrecognized(left));
        }
        let acts = parser.acts;
        plan.expr = if acts {
            expr
        } else {
            Expr::And(Box::new(expr), Box::new(Expr::Print(b'\n')))
        };
        Ok(plan)
    }
}

struct Parser<'a, 'c> {
    ctx: &'a Ctx<'c>,
    args: &'a [OsString],
    plan: &'a mut Plan,
    acts: bool,
}

fn unrecognized(word: &OsStr) -> Error {
    Error::Usage {
        complaint: format!("unrecognized: {}", word.to_string_lossy()),
        usage: USAGE.into(),
        exit: Exit::FAILED,
    }
}

impl<'a> Parser<'a, '_> {
    fn peek(&self) -> &'a [u8] {
        self.args.first().map_or(b"", |word| word.as_bytes())
    }

    fn take(&mut self) -> Option<&'a OsString> {
        let (first, rest) = self.args.split_first()?;
        self.args = rest;
        Some(first)
    }

    fn alternatives(&mut self) -> Result<Expr> {
        let mut left = self.conjunction()?;
        while matches!(self.peek(), b"-o" | b"-or") {
            self.take();
            left = Expr::Or(Box::new(left), Box::new(self.conjunction()?));
        }
        Ok(left)
    }

    fn conjunction(&mut self) -> Result<Expr> {
        let mut left = self.negation()?;
        loop {
            match self.peek() {
                b"" | b")" | b"-o" | b"-or" => return Ok(left),
                b"-a" | b"-and" => {
                    self.take();
                }
                _ => {}
            }
            left = Expr::And(Box::new(left), Box::new(self.negation()?));
        }
    }

    fn negation(&mut self) -> Result<Expr> {
        let mut negated = false;
        while matches!(self.peek(), b"!" | b"-not") {
            self.take();
            negated = !negated;
        }
        let expr = self.primary()?;
        Ok(if negated {
            Expr::Not(Box::new(expr))
        } else {
            expr
        })
    }

    fn primary(&mut self) -> Result<Expr> {
        let Some(word) = self.take() else {
            return Err(Error::message("an expression is missing at the end"));
        };
        if word == "(" {
            let expr = self.alternatives()?;
            return match self.take() {
                Some(close) if close == ")" => Ok(expr),
                _ => Err(Error::message("missing )")),
            };
        }
        let Some(name) = word.to_str() else {
            return Err(unrecognized(word));
        };
        let simple = match name {
            "-true" => Expr::Constant(true),
            "-false" => Expr::Constant(false),
            "-empty" => Expr::Empty,
            "-executable" => Expr::Access(rustix::fs::Access::EXEC_OK),
            "-readable" => Expr::Access(rustix::fs::Access::READ_OK),
            "-writable" => Expr::Access(rustix::fs::Access::WRITE_OK),
            "-prune" => Expr::Prune,
            "-print" | "-print0" | "-delete" | "-quit" => self.action(name),
            "-follow" | "-xdev" | "-mount" | "-depth" | "-d" => {
                match name {
                    "-follow" => self.plan.follow = Follow::Always,
                    "-depth" | "-d" => self.plan.depth_first = true,
                    _ => self.plan.one_device = true,
                }
                Expr::Constant(true)
            }
            _ => return self.with_argument(word, name),
        };
        Ok(simple)
    }

    fn action(&mut self, name: &str) -> Expr {
        self.acts |= name != "-quit";
        match name {
            "-print" => Expr::Print(b'\n'),
            "-print0" => Expr::Print(0),
            "-delete" => {
                self.plan.depth_first = true;
                Expr::Delete
            }
            _ => Expr::Quit,
        }
    }

    fn with_argument(&mut self, word: &OsStr, name: &str) -> Result<Expr> {
        const KNOWN: &str = " -name -iname -path -wholename -ipath -regex -type -perm -mtime -atime \
            -ctime -mmin -amin -cmin -newer -size -user -group -links -inum -samefile \
            -maxdepth -mindepth -exec -ok ";
        if !KNOWN.contains(&format!(" {name} ")) {
            return Err(unrecognized(word));
        }
        if matches!(name, "-exec" | "-ok") {
            return self.command(name);
        }
        let Some(value) = self.take() else {
            return Err(Error::message(format!("{name} requires an argument")));
        };
        let bytes = value.as_bytes();
        let (time, unit) = match name {
            "-mtime" => (Time::Modified, 86400),
            "-atime" => (Time::Accessed, 86400),
            "-ctime" => (Time::Changed, 86400),
            "-amin" => (Time::Accessed, 60),
            "-cmin" => (Time::Changed, 60),
            _ => (Time::Modified, 60),
        };
        let pattern = value.clone();
        Ok(match name {
            "-name" | "-iname" => Expr::Name {
                pattern,
                fold: name == "-iname",
            },
            "-path" | "-wholename" | "-ipath" => Expr::Path {
                pattern,
                fold: name == "-ipath",
            },
            "-regex" => {
                self.plan.regexes.push(pattern);
                Expr::Regex(self.plan.regexes.len() - 1)
            }
            "-type" => Expr::Kind(kinds(bytes)?),
            "-perm" => Expr::Permissions(permissions(bytes)?),
            "-newer" => Expr::Newer(Status::of(value, true).at("stat", value)?.modified),
            "-samefile" => {
                let follow = self.plan.follow != Follow::Never;
                Expr::Same(Status::of(value, follow).at("stat", value)?.identity())
            }
            "-size" => size(bytes)?,
            "-user" => Expr::User(self.id("user", "/etc/passwd", bytes)?),
            "-group" => Expr::Group(self.id("group", "/etc/group", bytes)?),
            "-links" => Expr::Links(number(bytes)?),
            "-inum" => Expr::Inode(number(bytes)?),
            "-maxdepth" | "-mindepth" => {
                let depth = value.to_str().and_then(|text| text.parse().ok());
                let depth = depth.ok_or_else(|| invalid(bytes))?;
                if name == "-maxdepth" {
                    self.plan.most = depth;
                } else {
                    self.plan.least = depth;
                }
                Expr::Constant(true)
            }
            _ => Expr::Age {
                time,
                unit,
                number: number(bytes)?,
            },
        })
    }

    /// `CMD ARG... ;` or `CMD ARG... {} +`.
    fn command(&mut self, name: &str) -> Result<Expr> {
        self.acts = true;
        let mut argv: Vec<OsString> = Vec::new();
        while let Some(word) = self.take() {
            let many = word == "+" && name == "-exec" && argv.last().is_some_and(|l| l == "{}");
            if word != ";" && !many {
                argv.push(word.clone());
                continue;
            }
            if many {
                argv.pop();
            }
            if argv.is_empty() {
                break;
            }
            if many {
                self.plan.commands.push(argv);
                return Ok(Expr::Collect(self.plan.commands.len() - 1));
            }
            let asks = name == "-ok";
            return Ok(Expr::Run { argv, asks });
        }
        Err(Error::message(format!("{name} requires an argument")))
    }

    fn id(&self, what: &str, file: &str, word: &[u8]) -> Result<u32> {
        let names = Names::read(&self.ctx.path(file));
        names.id(word).ok_or_else(|| {
            let word = String::from_utf8_lossy(word);
            Error::message(format!("unknown {what} {word}"))
        })
    }
}

fn invalid(text: &[u8]) -> Error {
    let text = String::from_utf8_lossy(text);
    Error::message(format!("invalid number '{text}'"))
}

fn number(text: &[u8]) -> Result<Number> {
    let (digits, make): (_, fn(u64) -> Number) = match text {
        [b'+', rest @ ..] => (rest, Number::More),
        [b'-', rest @ ..] => (rest, Number::Less),
        all => (all, Number::Exactly),
    };
    if !digits.iter().all(u8::is_ascii_digit) {
        return Err(invalid(text));
    }
    let parsed = std::str::from_utf8(digits)
        .ok()
        .and_then(|text| text.parse().ok());
    parsed.map(make).ok_or_else(|| invalid(text))
}

fn size(text: &[u8]) -> Result<Expr> {
    let (digits, unit) = match text {
        [digits @ .., b'c'] => (digits, 1),
        [digits @ .., b'w'] => (digits, 2),
        [digits @ .., b'k'] => (digits, 1 << 10),
        [digits @ .., b'M'] => (digits, 1 << 20),
        [digits @ .., b'G'] => (digits, 1 << 30),
        [digits @ .., b'b'] => (digits, 512),
        digits => (digits, 512),
    };
    let number = number(digits).map_err(|_| invalid(text))?;
    Ok(Expr::Size { unit, number })
}

fn kinds(text: &[u8]) -> Result<Vec<u8>> {
    let mut kinds = Vec::new();
    for word in text.split(|&b| b == b',') {
        match word {
            [kind] if b"fdlbcps".contains(kind) => kinds.push(*kind),
            _ => {
                let text = String::from_utf8_lossy(text);
                let text = format!("invalid argument '{text}' to '-type'");
                return Err(Error::message(text));
            }
        }
    }
    Ok(kinds)
}

fn permissions(text: &[u8]) -> Result<Bits> {
    let (mode, make): (_, fn(u32) -> Bits) = match text {
        [b'-', rest @ ..] => (rest, Bits::All),
        [b'/' | b'+', rest @ ..] => (rest, Bits::Any),
        all => (all, Bits::Exactly),
    };
    match Change::parse(mode) {
        Some(change) => Ok(make(change.apply(0, false, 0))),
        None => {
            let text = String::from_utf8_lossy(text);
            Err(Error::message(format!("invalid mode '{text}'")))
        }
    }
}
