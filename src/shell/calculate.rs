//! The values of arithmetic expressions: signed 64-bit numbers that wrap around.

use super::arith::{DEEPEST, Expr, Op, Result, parse};
use super::error::ArithError;
use super::vars::Vars;

/// Variables whose values are expressions that one expression may look into: each can name
/// others twice, and so thirty of them would be a thousand million.
const MOST_EXPRESSIONS: u32 = 10_000;

/// Evaluates; assignments take place in `vars`. `nounset`: unset variables are errors.
pub fn eval(expr: &Expr, vars: &mut Vars, nounset: bool) -> Result<i64> {
    Evaluator {
        vars,
        nounset,
        depth: 0,
        expressions: 0,
    }
    .eval(expr)
}

struct Evaluator<'a> {
    vars: &'a mut Vars,
    nounset: bool,
    depth: u32,
    expressions: u32,
}

impl Evaluator<'_> {
    fn eval(&mut self, expr: &Expr) -> Result<i64> {
        Ok(match expr {
            Expr::Number(number) => *number,
            Expr::Var(name) => self.value(name)?,
            Expr::Unary(op, operand) => {
                let value = self.eval(operand)?;
                match op {
                    b'-' => value.wrapping_neg(),
                    b'~' => !value,
                    b'!' => i64::from(value == 0),
                    _ => value,
                }
            }
            Expr::Binary(op, left, right) => {
                let left = self.eval(left)?;
                let right = self.eval(right)?;
                apply(*op, left, right)?
            }
            Expr::Chain(first, rest) => {
                let mut value = self.eval(first)?;
                for (op, operand) in rest {
                    let right = self.eval(operand)?;
                    value = apply(*op, value, right)?;
                }
                value
            }
            Expr::And(operands) => i64::from(!self.any(operands, false)?),
            Expr::Or(operands) => i64::from(self.any(operands, true)?),
            Expr::Choice(choice) => {
                let (condition, yes, no) = &**choice;
                if self.eval(condition)? != 0 {
                    self.eval(yes)?
                } else {
                    self.eval(no)?
                }
            }
            Expr::Assign(name, None, value) => {
                let value = self.eval(value)?;
                self.assign(name, value)?
            }
            Expr::Assign(name, Some(op), value) => {
                let value = self.eval(value)?;
                let before = self.value(name)?;
                self.assign(name, apply(*op, before, value)?)?
            }
            Expr::Step { name, by, old } => {
                let before = self.value(name)?;
                let after = self.assign(name, before.wrapping_add(*by))?;
                if *old { before } else { after }
            }
        })
    }

    /// Whether one of the operands is true, or false; those after it are not evaluated.
    fn any(&mut self, operands: &[Expr], wanted: bool) -> Result<bool> {
        for operand in operands {
            if (self.eval(operand)? != 0) == wanted {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn assign(&mut self, name: &[u8], value: i64) -> Result<i64> {
        match self.vars.set_number(name, value) {
            Ok(()) => Ok(value),
            Err(_) => Err(ArithError::ReadOnly(name.to_vec())),
        }
    }

    /// A variable's value: a number, or an expression in turn.
    fn value(&mut self, name: &[u8]) -> Result<i64> {
        let nounset = self.nounset;
        let Some(text) = self.vars.get(name) else {
            return if nounset {
                Err(ArithError::Unset(name.to_vec()))
            } else {
                Ok(0)
            };
        };
        if let Some(value) = plain_decimal(text) {
            return Ok(value);
        }
        let expr = parse(text)?;
        if let Expr::Number(value) = expr {
            return Ok(value);
        }
        self.depth += 1;
        self.expressions += 1;
        if self.depth > DEEPEST / 2 || self.expressions > MOST_EXPRESSIONS {
            return Err(ArithError::TooDeep);
        }
        let value = self.eval(&expr)?;
        self.depth -= 1;
        Ok(value)
    }
}

/// A number as `$((...))` itself prints it.
fn plain_decimal(text: &[u8]) -> Option<i64> {
    let (negative, digits) = match text {
        [b'-', digits @ ..] => (true, digits),
        digits => (false, digits),
    };
    // 18 digits cannot overflow; a leading zero may be octal.
    if digits.is_empty() || digits.len() > 18 || (digits[0] == b'0' && digits.len() > 1) {
        return None;
    }
    let mut value = 0;
    for digit in digits {
        if !digit.is_ascii_digit() {
            return None;
        }
        value = value * 10 + i64::from(digit - b'0');
    }
    Some(if negative { -value } else { value })
}

fn apply(op: Op, left: i64, right: i64) -> Result<i64> {
    Ok(match op {
        Op::Comma => right,
        Op::BitOr => left | right,
        Op::BitXor => left ^ right,
        Op::BitAnd => left & right,
        Op::Equal => i64::from(left == right),
        Op::Unequal => i64::from(left != right),
        Op::Less => i64::from(left < right),
        Op::LessEqual => i64::from(left <= right),
        Op::Greater => i64::from(left > right),
        Op::GreaterEqual => i64::from(left >= right),
        Op::ShiftLeft => left.wrapping_shl(right as u32),
        Op::ShiftRight => left.wrapping_shr(right as u32),
        Op::Add => left.wrapping_add(right),
        Op::Subtract => left.wrapping_sub(right),
        Op::Multiply => left.wrapping_mul(right),
        Op::Divide | Op::Remainder if right == 0 => return Err(ArithError::DivideByZero),
        Op::Divide => left.wrapping_div(right),
        Op::Remainder => left.wrapping_rem(right),
        Op::Power => return power(left, right),
    })
}

fn power(base: i64, exponent: i64) -> Result<i64> {
    if exponent < 0 {
        return Err(ArithError::NegativeExponent);
    }
    let (mut result, mut base, mut rest) = (1i64, base, exponent);
    while rest > 0 {
        if rest & 1 == 1 {
            result = result.wrapping_mul(base);
        }
        base = base.wrapping_mul(base);
        rest >>= 1;
    }
    Ok(result)
}
