//! Expressions.

use super::ast::{Binary, Compare, Expr, Place, Source, Var};
use super::run::{Local, Machine, Run, Stop};
use super::value::{Text, Value, compare, to_text};
use super::{Fault, special};
use std::cmp::Ordering;
use std::rc::Rc;

fn flag(yes: bool) -> Value {
    Value::Number(f64::from(u8::from(yes)))
}

impl Machine<'_> {
    pub(super) fn eval(&mut self, expr: &Expr) -> Run<Value> {
        Ok(match expr {
            Expr::Number(number) => Value::Number(*number),
            Expr::Text(text) => Value::Text(Rc::clone(text)),
            Expr::Place(place) => self.read_place(place)?,
            Expr::Record(_)
            | Expr::Match { .. }
            | Expr::And(_)
            | Expr::Or(_)
            | Expr::Not(_)
            | Expr::Compare(..)
            | Expr::In(..) => flag(self.truth(expr)?),
            Expr::Assign(place, value) => {
                if let (Place::Var(Var::Global(at)), Expr::Join(parts)) = (place, &**value)
                    && *at >= special::NAMES.len()
                    && let [Expr::Place(Place::Var(Var::Global(same))), more] = &**parts
                    && same == at
                {
                    return self.append(*at, more);
                }
                let value = self.eval(value)?;
                let target = self.target(place)?;
                self.set(&target, value.clone())?;
                value
            }
            Expr::Change(place, how, value) => {
                let value = self.num(value)?;
                let target = self.target(place)?;
                let old = self.get(&target).number();
                let new = Value::Number(calculate(*how, old, value)?);
                self.set(&target, new.clone())?;
                new
            }
            Expr::Step(place, by, after) => {
                let target = self.target(place)?;
                let old = self.get(&target).number();
                self.set(&target, Value::Number(old + by))?;
                Value::Number(if *after { old } else { old + by })
            }
            Expr::Choose(parts) => {
                let [condition, first, second] = &**parts;
                match self.truth(condition)? {
                    true => self.eval(first)?,
                    false => self.eval(second)?,
                }
            }
            Expr::Negate(_) | Expr::Plus(_) | Expr::Binary(..) => Value::Number(self.num(expr)?),
            Expr::Join(parts) => {
                let left = self.text(&parts[0])?;
                let right = self.text(&parts[1])?;
                self.spend((left.len() + right.len()) / 16)?;
                // The left side is often the result of another join, which is ours alone.
                let mut joined = Rc::try_unwrap(left).unwrap_or_else(|left| {
                    let mut copy = Vec::with_capacity(left.len() + right.len());
                    copy.extend_from_slice(&left);
                    copy
                });
                joined.extend_from_slice(&right);
                Value::text(joined)
            }
            Expr::Call(function, args) => self.call(*function, args)?,
            Expr::Getline(source, place) => Value::Number(self.getline(source, place.as_ref())?),
            Expr::Group(_) => Value::Nothing,
            other => self.builtin(other)?,
        })
    }

    /// `x = x more`: what is appended to is not copied.
    fn append(&mut self, at: usize, more: &Expr) -> Run<Value> {
        let more = self.text(more)?;
        let old = std::mem::take(&mut self.globals[at]);
        let mut text = to_text(&old, &self.convfmt);
        drop(old);
        self.spend(1 + more.len() / 16)?;
        if self.budget < u64::MAX / 2 {
            self.spend(text.len() / 64)?;
        }
        Rc::make_mut(&mut text).extend_from_slice(&more);
        self.globals[at] = Value::Text(Rc::clone(&text));
        Ok(Value::Text(text))
    }

    /// The string of an expression.
    pub(super) fn text(&mut self, expr: &Expr) -> Run<Text> {
        Ok(match self.eval(expr)? {
            Value::Text(text) | Value::Input(text) => text,
            value => to_text(&value, &self.convfmt),
        })
    }

    /// The number of an expression.
    pub(super) fn num(&mut self, expr: &Expr) -> Run<f64> {
        Ok(match expr {
            Expr::Number(number) => *number,
            Expr::Place(Place::Var(Var::Global(at))) if *at >= special::NAMES.len() => {
                self.globals[*at].number()
            }
            Expr::Binary(how, parts) => {
                let left = self.num(&parts[0])?;
                let right = self.num(&parts[1])?;
                calculate(*how, left, right)?
            }
            Expr::Negate(operand) => -self.num(operand)?,
            Expr::Plus(operand) => self.num(operand)?,
            other => self.eval(other)?.number(),
        })
    }

    /// Whether an expression is true.
    pub(super) fn truth(&mut self, expr: &Expr) -> Run<bool> {
        Ok(match expr {
            Expr::Record(number) => {
                let text = self.record_text();
                self.regexes[*number].borrow_mut().is_match(&text)
            }
            Expr::Match {
                text,
                pattern,
                negated,
            } => {
                let text = self.text(text)?;
                let regex = self.pattern(pattern)?;
                let found = regex.borrow_mut().is_match(&text);
                found != *negated
            }
            Expr::And(parts) => self.truth(&parts[0])? && self.truth(&parts[1])?,
            Expr::Or(parts) => self.truth(&parts[0])? || self.truth(&parts[1])?,
            Expr::Not(operand) => !self.truth(operand)?,
            Expr::Compare(how, parts) => {
                let left = self.eval(&parts[0])?;
                let right = self.eval(&parts[1])?;
                let order = compare(&left, &right, &self.convfmt);
                match how {
                    Compare::Less => order == Some(Ordering::Less),
                    Compare::LessEqual => order.is_some_and(Ordering::is_le),
                    Compare::Equal => order == Some(Ordering::Equal),
                    Compare::NotEqual => order != Some(Ordering::Equal),
                    Compare::Greater => order == Some(Ordering::Greater),
                    Compare::GreaterEqual => order.is_some_and(Ordering::is_ge),
                }
            }
            Expr::In(subscripts, array) => {
                let key = self.key(subscripts)?;
                self.array(*array).borrow().has(&key)
            }
            other => self.eval(other)?.truth(),
        })
    }

    fn call(&mut self, number: usize, args: &[Expr]) -> Run<Value> {
        self.spend(1)?;
        let program = self.program;
        let function = &program.functions[number];
        if args.len() > function.parameters {
            return Err(Fault::Arguments.into());
        }
        if !self.stack.has_room() {
            return Err(Fault::Deep.into());
        }
        let start = self.locals.len();
        for (at, arg) in args.iter().enumerate() {
            let local = match arg {
                Expr::Place(Place::Var(var)) if function.arrays[at] => Local {
                    value: Value::Nothing,
                    array: Some(self.array(*var)),
                },
                Expr::Place(Place::Var(var)) => Local {
                    value: self.var(*var),
                    array: self.known_array(*var),
                },
                arg => Local {
                    value: self.eval(arg)?,
                    array: None,
                },
            };
            self.locals.push(local);
        }
        self.locals
            .resize_with(start + function.parameters, Local::default);
        let outer = std::mem::replace(&mut self.base, start);
        let result = self.block(&function.body);
        self.base = outer;
        self.locals.truncate(start);
        match result {
            Ok(()) => Ok(Value::Nothing),
            Err(Stop::Return) => Ok(std::mem::take(&mut self.returned)),
            Err(stop) => Err(stop),
        }
    }

    /// 1: a record was read, 0: there was none, -1: it could not be read.
    fn getline(&mut self, source: &Source, place: Option<&Place>) -> Run<f64> {
        self.spend(1)?;
        let record = match source {
            Source::Main => match self.next_main()? {
                Some(record) => {
                    self.nr += 1.0;
                    self.fnr += 1.0;
                    record
                }
                None => return Ok(0.0),
            },
            Source::File(name) | Source::Command(name) => {
                let name = self.text(name)?;
                let is_command = matches!(source, Source::Command(_));
                let reader = self.streams.reader(&name, is_command, self.world)?;
                let Some(reader) = reader else {
                    return Ok(-1.0);
                };
                match reader.record(&self.end, self.world) {
                    Err(_) => return Ok(-1.0),
                    Ok(None) => return Ok(0.0),
                    Ok(Some(record)) => {
                        if is_command {
                            self.nr += 1.0;
                        }
                        record
                    }
                }
            }
        };
        match place {
            None => self.set_record(Rc::new(record)),
            Some(place) => {
                let target = self.target(place)?;
                self.set(&target, Value::input(record))?;
            }
        }
        Ok(1.0)
    }
}

fn calculate(how: Binary, left: f64, right: f64) -> Run<f64> {
    Ok(match how {
        Binary::Add => left + right,
        Binary::Subtract => left - right,
        Binary::Multiply => left * right,
        Binary::Divide | Binary::Modulo if right == 0.0 => return Err(Fault::Zero.into()),
        Binary::Divide => left / right,
        Binary::Modulo => left % right,
        Binary::Power => left.powf(right),
    })
}
