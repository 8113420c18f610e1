//! find - walk through trees and act on what fits.
//!
//! Nothing is looked at twice and no link is followed unless asked for; `-delete` acts below
//! the open directory, so that nobody can exchange a directory for a link meanwhile.

mod eval;
mod expression;

use eval::Finder;
use expression::{Plan, USAGE};
use safebox::applet::{Applet, Ctx, Dir};
use safebox::error::{At, Error, Exit, Result};
use safebox::fsops::walk::{Step, Walk};
use std::ffi::OsString;

pub static APPLET: Applet = Applet {
    names: &["find"],
    dir: Dir::UsrBin,
    run,
};

fn run(ctx: &mut Ctx) -> Result<Exit> {
    if ctx.args.iter().any(|arg| arg == "--help") {
        return Err(Error::Help(USAGE.into()));
    }
    let plan = Plan::parse(ctx)?;
    let mut finder = Finder::new(&plan, ctx.sys.machine().now())?;
    let starts = if plan.starts.is_empty() {
        vec![OsString::from(".")]
    } else {
        plan.starts.clone()
    };
    for start in &starts {
        let mut walk = Walk::new(start, plan.follow).one_device(plan.one_device);
        while let Some(step) = walk.next() {
            visit(ctx, &plan, &mut finder, &mut walk, step)?;
            if finder.quits || ctx.out.failed() {
                break;
            }
        }
        if finder.quits || ctx.out.failed() {
            break;
        }
    }
    finder.finish(ctx)?;
    Ok(if finder.failed {
        Exit::FAILED
    } else {
        ctx.status()
    })
}

fn visit(
    ctx: &mut Ctx,
    plan: &Plan,
    finder: &mut Finder<'_>,
    walk: &mut Walk,
    step: Step,
) -> Result<()> {
    let status = match step {
        Step::Failed(error) => {
            if let Err(error) = Err::<(), _>(error).at("", walk.path()) {
                ctx.complain(error);
            }
            return Ok(());
        }
        Step::Before(status) => {
            let depth = walk.depth();
            if !plan.depth_first && depth >= plan.least {
                finder.prunes = false;
                finder.visit(ctx, walk, &status)?;
            }
            if finder.prunes || depth >= plan.most {
                walk.skip();
                finder.prunes = false;
                // What is not entered still has its turn.
                if !plan.depth_first || depth < plan.least {
                    return Ok(());
                }
                status
            } else {
                return Ok(());
            }
        }
        Step::After(status) if plan.depth_first => status,
        Step::After(_) => return Ok(()),
        Step::File(status) => status,
    };
    if walk.depth() >= plan.least {
        finder.visit(ctx, walk, &status)?;
        finder.prunes = false;
    }
    Ok(())
}
