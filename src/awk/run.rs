//! The machine: records come in, rules apply, statements are carried out.

use super::array::{Array, ArrayRef};
use super::ast::{Expr, Place, Rule, Statement, Way, When};
use super::input::{End, Reader};
use super::record::{Record, Separator};
use super::stream::Streams;
use super::value::{Text, Value, put_number, to_text};
use super::{Error, Fault, Program, Re, World, format, special};
use crate::shell::stack::StackGuard;
use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

/// What a program begins with.
pub struct Settings<'a> {
    /// ARGV, the program's name included.
    pub arguments: Vec<&'a [u8]>,
    /// Names and values of ENVIRON.
    pub environment: Vec<(&'a [u8], &'a [u8])>,
    /// Variables of `-F` and `-v`, in order.
    pub variables: Vec<(&'a [u8], Vec<u8>)>,
    /// Statements, and bytes that are joined, before it stops; for programs that may never end.
    pub limit: u64,
}

/// Why the usual order of statements is left.
pub(super) enum Stop {
    Break,
    Continue,
    Next,
    NextFile,
    Exit,
    Return,
    Fault(Box<Fault>),
}

impl From<Fault> for Stop {
    fn from(fault: Fault) -> Stop {
        Stop::Fault(Box::new(fault))
    }
}

pub(super) type Run<T> = Result<T, Stop>;

/// A parameter: a value or an array, whichever it is used as.
#[derive(Default)]
pub(super) struct Local {
    pub value: Value,
    pub array: Option<ArrayRef>,
}

pub(super) struct Machine<'a> {
    pub program: &'a Program,
    pub world: &'a mut dyn World,
    pub regexes: Vec<Re>,
    /// Patterns made of strings.
    pub made: HashMap<Vec<u8>, Re>,
    pub globals: Vec<Value>,
    pub global_arrays: Vec<Option<ArrayRef>>,
    pub locals: Vec<Local>,
    /// Where those of the current function begin.
    pub base: usize,
    pub returned: Value,
    pub record: Record,
    pub nr: f64,
    pub fnr: f64,
    /// What the variables of these names say.
    pub separator: Separator,
    pub end: End,
    pub convfmt: Text,
    pub ofs: Text,
    pub streams: Streams,
    pub stack: StackGuard,
    pub seed: u64,
    pub last_seed: f64,
    pub status: u8,
    pub budget: u64,
    ranges: Vec<bool>,
    main: Option<Reader>,
    /// The operand that comes next.
    argument: usize,
    /// No file was named so far.
    from_standard_input: bool,
    line: Vec<u8>,
}

/// Runs a program; its exit status.
///
/// # Errors
/// What went wrong at work.
pub fn run(
    mut program: Program,
    settings: &Settings<'_>,
    world: &mut dyn World,
) -> Result<u8, Error> {
    let regexes = std::mem::take(&mut program.regexes).into_iter();
    let regexes = regexes.map(|regex| Rc::new(RefCell::new(regex))).collect();
    let globals = program.globals.len();
    let mut machine = Machine {
        regexes,
        made: HashMap::new(),
        globals: vec![Value::Nothing; globals],
        global_arrays: vec![None; globals],
        locals: Vec::new(),
        base: 0,
        returned: Value::Nothing,
        record: Record::new(),
        nr: 0.0,
        fnr: 0.0,
        separator: Separator::Blank,
        end: End::Byte(b'\n'),
        convfmt: Rc::new(b"%.6g".to_vec()),
        ofs: Rc::new(b" ".to_vec()),
        streams: Streams::default(),
        stack: StackGuard::of_main_thread(),
        seed: 0,
        last_seed: 0.0,
        status: 0,
        budget: settings.limit,
        ranges: vec![false; program.rules.len()],
        main: None,
        argument: 1,
        from_standard_input: true,
        line: Vec::new(),
        program: &program,
        world,
    };
    let result = machine.prepare(settings).and_then(|()| machine.whole());
    let closed = machine.streams.close_all();
    let status = machine.status;
    // Deep recursion in the values of a program does not exist: they hold no others.
    let fault = match (result, closed) {
        (Err(Stop::Fault(fault)), _) => *fault,
        (_, Err(fault)) => fault,
        _ => return Ok(status),
    };
    Err(Error { line: 0, fault })
}

impl Machine<'_> {
    fn prepare(&mut self, settings: &Settings<'_>) -> Run<()> {
        for (at, text) in [
            (special::FS, " "),
            (special::OFS, " "),
            (special::RS, "\n"),
            (special::ORS, "\n"),
            (special::SUBSEP, "\x1c"),
            (special::CONVFMT, "%.6g"),
            (special::OFMT, "%.6g"),
        ] {
            self.globals[at] = Value::text(text);
        }
        self.globals[special::RLENGTH] = Value::Number(-1.0);
        self.globals[special::RSTART] = Value::Number(0.0);
        self.globals[special::ARGC] = Value::Number(settings.arguments.len() as f64);
        let mut array = Array::default();
        for (number, argument) in settings.arguments.iter().enumerate() {
            let key = Rc::new(number.to_string().into_bytes());
            *array.element(key) = Value::input(*argument);
        }
        self.global_arrays[special::ARGV] = Some(Rc::new(RefCell::new(array)));
        let mut array = Array::default();
        for (name, value) in &settings.environment {
            *array.element(Rc::new(name.to_vec())) = Value::input(*value);
        }
        self.global_arrays[special::ENVIRON] = Some(Rc::new(RefCell::new(array)));
        for (name, value) in &settings.variables {
            self.assign_by_name(name, value.clone())?;
        }
        Ok(())
    }

    /// BEGIN, all records, END.
    fn whole(&mut self) -> Run<()> {
        let program = self.program;
        let mut goes_on = true;
        for block in &program.begin {
            goes_on = goes_on && self.until_exit(block)?;
        }
        if goes_on && (!program.rules.is_empty() || !program.end.is_empty()) {
            goes_on = self.records()?;
        }
        let _ = goes_on;
        for block in &program.end {
            if !self.until_exit(block)? {
                break;
            }
        }
        Ok(())
    }

    /// Carries out a block of its own; false: `exit` was met.
    fn until_exit(&mut self, block: &[Statement]) -> Run<bool> {
        match self.block(block) {
            Err(Stop::Exit) => Ok(false),
            Err(Stop::Fault(fault)) => Err(Stop::Fault(fault)),
            _ => Ok(true),
        }
    }

    fn records(&mut self) -> Run<bool> {
        let program = self.program;
        while let Some(record) = self.next_main()? {
            self.nr += 1.0;
            self.fnr += 1.0;
            self.set_record(Rc::new(record));
            for (number, rule) in program.rules.iter().enumerate() {
                match self.rule(number, rule) {
                    Ok(()) => {}
                    Err(Stop::Next) => break,
                    Err(Stop::NextFile) => {
                        self.main = None;
                        break;
                    }
                    Err(Stop::Exit) => return Ok(false),
                    Err(stop) => return Err(stop),
                }
            }
        }
        Ok(true)
    }

    pub(super) fn set_record(&mut self, text: Text) {
        let newline = matches!(self.end, End::Paragraph);
        self.record.set(text, &self.separator, newline);
    }

    /// The next record of the operands.
    pub(super) fn next_main(&mut self) -> Run<Option<Vec<u8>>> {
        loop {
            if self.main.is_none() && !self.open_next()? {
                return Ok(None);
            }
            let Some(reader) = &mut self.main else {
                continue;
            };
            match reader.record(&self.end, self.world) {
                Ok(Some(record)) => return Ok(Some(record)),
                Ok(None) => {}
                Err(error) => self.fail_to_read(error),
            }
            self.main = None;
        }
    }

    fn fail_to_read(&mut self, error: std::io::Error) {
        let name = to_text(&self.globals[special::FILENAME], b"");
        self.world.complain(&name, error);
        self.status = 2;
    }

    /// Opens the next operand; false: there is none.
    fn open_next(&mut self) -> Run<bool> {
        loop {
            let count = self.globals[special::ARGC].number();
            if self.argument as f64 >= count {
                if !std::mem::take(&mut self.from_standard_input) {
                    return Ok(false);
                }
                return Ok(self.open(Rc::new(b"-".to_vec())));
            }
            let key = Rc::new(self.argument.to_string().into_bytes());
            self.argument += 1;
            let array = self.global_arrays[special::ARGV].clone();
            let argument = match &array {
                Some(array) if array.borrow().has(&key) => {
                    to_text(array.borrow_mut().element(key), b"%.6g")
                }
                _ => continue,
            };
            if let Some(at) = assignment(&argument) {
                let value = super::lexer::unescape(&argument[at + 1..]);
                self.assign_by_name(&argument[..at], value)?;
            } else if !argument.is_empty() {
                self.from_standard_input = false;
                if self.open(argument) {
                    return Ok(true);
                }
            }
        }
    }

    fn open(&mut self, name: Text) -> bool {
        let opened = self.world.read(&name);
        // Standard input has no name.
        let shown = if *name == b"-" {
            Rc::default()
        } else {
            Rc::clone(&name)
        };
        self.globals[special::FILENAME] = Value::Input(shown);
        self.fnr = 0.0;
        match opened {
            Ok(source) => {
                self.main = Some(Reader::new(source));
                true
            }
            Err(error) => {
                self.world.complain(&name, error);
                self.status = 2;
                false
            }
        }
    }

    fn assign_by_name(&mut self, name: &[u8], value: Vec<u8>) -> Run<()> {
        // A name that the program does not know changes nothing.
        match self.program.globals.get(name) {
            Some(at) => self.set_global(*at, Value::input(value)),
            None => Ok(()),
        }
    }

    fn rule(&mut self, number: usize, rule: &Rule) -> Run<()> {
        let applies = match &rule.when {
            When::Always => true,
            When::Matches(condition) => self.truth(condition)?,
            When::Range(first, last) => {
                let open = self.ranges[number] || self.truth(first)?;
                if open {
                    self.ranges[number] = !self.truth(last)?;
                }
                open
            }
        };
        if !applies {
            return Ok(());
        }
        match &rule.action {
            Some(block) => self.block(block),
            None => self.print(&[], false, None),
        }
    }

    pub(super) fn block(&mut self, statements: &[Statement]) -> Run<()> {
        for statement in statements {
            self.statement(statement)?;
        }
        Ok(())
    }

    /// Counts work; the end of it is an error.
    pub(super) fn spend(&mut self, cost: usize) -> Run<()> {
        match self.budget.checked_sub(cost as u64) {
            Some(left) => {
                self.budget = left;
                Ok(())
            }
            None => Err(Fault::Limit.into()),
        }
    }

    fn statement(&mut self, statement: &Statement) -> Run<()> {
        self.spend(1)?;
        match statement {
            Statement::Expr(expr) => {
                self.eval(expr)?;
            }
            Statement::Print {
                args,
                formatted,
                to,
            } => self.print(args, *formatted, to.as_ref())?,
            Statement::If(condition, then, otherwise) => {
                let branch = match self.truth(condition)? {
                    true => then,
                    false => otherwise,
                };
                self.block(branch)?;
            }
            Statement::While(condition, body) => {
                while self.truth(condition)? {
                    if !self.looped(body)? {
                        break;
                    }
                }
            }
            Statement::Do(body, condition) => while self.looped(body)? && self.truth(condition)? {},
            Statement::For(each) => {
                if let Some(first) = &each.first {
                    self.statement(first)?;
                }
                loop {
                    match &each.condition {
                        Some(condition) if !self.truth(condition)? => break,
                        _ => {}
                    }
                    if !self.looped(&each.body)? {
                        break;
                    }
                    if let Some(step) = &each.step {
                        self.statement(step)?;
                    }
                }
            }
            Statement::ForIn(place, array, body) => {
                let keys = self.array(*array).borrow().keys();
                for key in keys {
                    // Elements that were deleted meanwhile are not met.
                    if !self.array(*array).borrow().has(&key) {
                        continue;
                    }
                    if let Place::Var(var) = place {
                        self.set_var(*var, Value::Input(key))?;
                    }
                    if !self.looped(body)? {
                        break;
                    }
                }
            }
            Statement::Block(block) => self.block(block)?,
            Statement::Delete(array, subscripts) => {
                let key = self.key(subscripts)?;
                self.array(*array).borrow_mut().delete(&key);
            }
            Statement::DeleteAll(array) => self.array(*array).borrow_mut().clear(),
            Statement::Break => return Err(Stop::Break),
            Statement::Continue => return Err(Stop::Continue),
            Statement::Next => return Err(Stop::Next),
            Statement::NextFile => return Err(Stop::NextFile),
            Statement::Exit(status) => {
                if let Some(status) = status {
                    self.status = self.num(status)? as i64 as u8;
                }
                return Err(Stop::Exit);
            }
            Statement::Return(value) => {
                self.returned = match value {
                    Some(value) => self.eval(value)?,
                    None => Value::Nothing,
                };
                return Err(Stop::Return);
            }
        }
        Ok(())
    }

    /// The body of a loop; false: `break` was met.
    fn looped(&mut self, body: &[Statement]) -> Run<bool> {
        self.spend(1)?;
        match self.block(body) {
            Ok(()) | Err(Stop::Continue) => Ok(true),
            Err(Stop::Break) => Ok(false),
            Err(stop) => Err(stop),
        }
    }

    fn print(&mut self, args: &[Expr], formatted: bool, to: Option<&(Way, Expr)>) -> Run<()> {
        let mut line = std::mem::take(&mut self.line);
        line.clear();
        if formatted {
            self.formatted(args, &mut line)?;
        } else {
            if args.is_empty() {
                line.extend_from_slice(&self.record_text());
            }
            for (at, arg) in args.iter().enumerate() {
                if at > 0 {
                    line.extend_from_slice(&self.ofs);
                }
                match self.eval(arg)? {
                    Value::Nothing => {}
                    Value::Text(text) | Value::Input(text) => line.extend_from_slice(&text),
                    Value::Number(number) => {
                        let ofmt = to_text(&self.globals[special::OFMT], b"%.6g");
                        put_number(number, &ofmt, &mut line);
                    }
                }
            }
            match &self.globals[special::ORS] {
                Value::Text(text) | Value::Input(text) => line.extend_from_slice(text),
                value => line.extend_from_slice(&to_text(value, &self.convfmt)),
            }
        }
        match to {
            // Nobody reads; there is no point in going on.
            None if !self.world.put(&line) => return Err(Stop::Exit),
            None => {}
            Some((way, name)) => {
                let name = self.text(name)?;
                self.streams.write(&name, *way, &line, self.world)?;
            }
        }
        self.line = line;
        Ok(())
    }

    /// What `printf` and `sprintf` make of their arguments.
    pub(super) fn formatted(&mut self, args: &[Expr], out: &mut Vec<u8>) -> Run<()> {
        let Some((first, rest)) = args.split_first() else {
            return Ok(());
        };
        let template = self.text(first)?;
        let mut values = Vec::with_capacity(rest.len());
        for arg in rest {
            values.push(self.eval(arg)?);
        }
        format::put(&template, &values, &self.convfmt, out);
        self.spend(out.len() / 16)
    }
}

/// Where the `=` of an operand such as `name=value` stands.
fn assignment(argument: &[u8]) -> Option<usize> {
    let at = memchr::memchr(b'=', argument)?;
    let (first, rest) = argument[..at].split_first()?;
    let letter = |byte: &u8| byte.is_ascii_alphabetic() || *byte == b'_';
    let fits = letter(first) && rest.iter().all(|b| letter(b) || b.is_ascii_digit());
    fits.then_some(at)
}
