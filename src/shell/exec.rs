//! Walking the tree: lists, loops, choices.

use super::Shell;
use super::ast::*;
use super::error::{Flow, Run};
use super::fields::Aim;
use super::params::Params;
use super::pattern;
use std::rc::Rc;

impl Shell {
    /// Runs a list. `tail`: the process has nothing to do after it.
    pub(super) fn run_list(&mut self, list: &List, tail: bool) -> Run {
        let last = list.items.len().wrapping_sub(1);
        for (index, item) in list.items.iter().enumerate() {
            #[cfg(fuzzing)]
            super::fuzz::spend(1)?;
            if self.options.noexec && !self.options.interactive {
                return Ok(());
            }
            if crate::sys::trap::any() {
                self.handle_signals()?;
            }
            match &item.background {
                Some(text) => self.run_background(item, text)?,
                None => self.run_chain(&item.chain, tail && index == last)?,
            }
        }
        Ok(())
    }

    /// Runs pipelines joined by `&&` and `||`.
    pub(super) fn run_chain(&mut self, chain: &Chain, tail: bool) -> Run {
        let Some(last) = chain.rest.len().checked_sub(1) else {
            return self.run_pipeline(&chain.first, tail);
        };
        self.run_tested(|shell| shell.run_pipeline(&chain.first, false))?;
        for (index, (and, pipeline)) in chain.rest.iter().enumerate() {
            if *and != (self.status == 0) {
                continue;
            }
            if index == last {
                self.run_pipeline(pipeline, tail)?;
            } else {
                self.run_tested(|shell| shell.run_pipeline(pipeline, false))?;
            }
        }
        Ok(())
    }

    /// Runs something whose failure is looked at.
    fn run_tested(&mut self, run: impl FnOnce(&mut Shell) -> Run) -> Run {
        let before = std::mem::replace(&mut self.tested, true);
        let result = run(self);
        self.tested = before;
        result
    }

    /// Runs a pipeline, be it of one command.
    pub(super) fn run_pipeline(&mut self, pipeline: &Pipeline, tail: bool) -> Run {
        if pipeline.negated {
            self.run_tested(|shell| shell.run_piped(pipeline, false))?;
            self.status = i32::from(self.status == 0);
            return Ok(());
        }
        self.run_piped(pipeline, tail)
    }

    fn run_piped(&mut self, pipeline: &Pipeline, tail: bool) -> Run {
        match &*pipeline.commands {
            [command] => {
                if self.options.monitor {
                    self.jobs.text = pipeline.text.clone();
                }
                self.run_command(command, tail)
            }
            commands => {
                self.run_processes(commands, pipeline.text.as_ref())?;
                self.check_errexit()
            }
        }
    }

    /// After a command that nobody tests: `set -e` and the ERR trap.
    #[inline]
    pub(super) fn check_errexit(&mut self) -> Run {
        if self.status == 0 || self.tested {
            return Ok(());
        }
        self.failed()
    }

    fn failed(&mut self) -> Run {
        self.run_error_trap()?;
        if self.options.errexit {
            return Err(Flow::Exit);
        }
        Ok(())
    }

    /// Runs one command.
    pub(super) fn run_command(&mut self, command: &Command, tail: bool) -> Run {
        match command {
            Command::Simple(simple) => self.run_simple(simple, tail),
            Command::Compound(compound) => self.run_compound(compound, tail),
            Command::Function { name, body } => {
                self.functions.insert(Rc::clone(name), Rc::clone(body));
                self.status = 0;
                Ok(())
            }
        }
    }

    fn run_compound(&mut self, compound: &Compound, tail: bool) -> Run {
        if compound.redirects.is_empty() {
            return self.run_kind(compound, tail);
        }
        self.vars.line = compound.line;
        let Some(frame) = self.redirect(&compound.redirects)? else {
            self.status = 1;
            return self.check_errexit();
        };
        let result = self.run_kind(compound, false);
        self.undo_redirects(frame);
        result
    }

    fn run_kind(&mut self, compound: &Compound, tail: bool) -> Run {
        if !self.stack.has_room() {
            return Err(self.fatal("nested too deeply"));
        }
        match &compound.kind {
            Kind::Brace(list) => self.run_list(list, tail),
            Kind::Subshell(list) => {
                self.run_subshell(list, tail)?;
                self.check_errexit()
            }
            Kind::If { arms, otherwise } => self.run_if(arms, otherwise.as_ref(), tail),
            Kind::While {
                until,
                condition,
                body,
            } => self.run_while(*until, condition, body),
            Kind::For { name, words, body } => {
                self.vars.line = compound.line;
                self.run_for(name, words.as_deref(), body)
            }
            Kind::Case { word, arms } => {
                self.vars.line = compound.line;
                self.run_case(word, arms, tail)
            }
            Kind::Test(cond) => {
                self.vars.line = compound.line;
                self.run_test(cond)?;
                self.check_errexit()
            }
        }
    }

    fn run_if(&mut self, arms: &[(List, List)], otherwise: Option<&List>, tail: bool) -> Run {
        for (condition, body) in arms {
            self.run_tested(|shell| shell.run_list(condition, false))?;
            if self.status == 0 {
                return self.run_list(body, tail);
            }
        }
        match otherwise {
            Some(list) => self.run_list(list, tail),
            None => {
                self.status = 0;
                Ok(())
            }
        }
    }

    fn run_while(&mut self, until: bool, condition: &List, body: &List) -> Run {
        let mut status = 0;
        self.loops += 1;
        let result = loop {
            let tested = self.run_tested(|shell| shell.run_list(condition, false));
            match self.after_round(tested) {
                Round::Next => {}
                Round::Leave(result) => {
                    status = self.status;
                    break result;
                }
            }
            if (self.status == 0) == until {
                break Ok(());
            }
            let round = self.run_list(body, false);
            let leave = self.after_round(round);
            status = self.status;
            if let Round::Leave(result) = leave {
                break result;
            }
        };
        self.loops -= 1;
        if result.is_ok() {
            self.status = status;
        }
        result
    }

    fn run_for(&mut self, name: &Name, words: Option<&[Word]>, body: &List) -> Run {
        let mut fields = self.expansion(Aim::Fields);
        match words {
            Some(words) => {
                for word in words {
                    self.expand_fields(word, &mut fields)?;
                }
            }
            None => {
                let params = self.params.clone();
                params.iter().for_each(|param| fields.push_field(param));
            }
        }
        // The first round still sees the status of what came before.
        if fields.fields.is_empty() {
            self.status = 0;
        }
        self.loops += 1;
        let mut result = Ok(());
        for value in fields.fields.iter() {
            if let Err(flow) = self.assign(name, value) {
                result = Err(flow);
                break;
            }
            let round = self.run_list(body, false);
            if let Round::Leave(left) = self.after_round(round) {
                result = left;
                break;
            }
        }
        self.loops -= 1;
        self.recycle(fields);
        result
    }

    /// What `break` and `continue` in a round mean for this loop.
    fn after_round(&mut self, round: Run) -> Round {
        match round {
            Ok(()) | Err(Flow::Continue(0)) => Round::Next,
            Err(Flow::Break(0)) => Round::Leave(Ok(())),
            Err(Flow::Break(more)) => Round::Leave(Err(Flow::Break(more - 1))),
            Err(Flow::Continue(more)) => Round::Leave(Err(Flow::Continue(more - 1))),
            Err(other) => Round::Leave(Err(other)),
        }
    }

    fn run_case(&mut self, word: &Word, arms: &[Arm], tail: bool) -> Run {
        let subject = self.expand_single(word)?;
        let found = self.matching_arm(subject.bytes(), arms);
        self.recycle(subject);
        let Some(first) = found? else {
            self.status = 0;
            return Ok(());
        };
        for arm in &arms[first..] {
            if arm.body.items.is_empty() {
                self.status = 0;
            }
            self.run_list(&arm.body, tail && !arm.falls)?;
            if !arm.falls {
                break;
            }
        }
        Ok(())
    }

    fn matching_arm(&mut self, subject: &[u8], arms: &[Arm]) -> Run<Option<usize>> {
        for (index, arm) in arms.iter().enumerate() {
            for pattern in &arm.patterns {
                let matched = match pattern.constant() {
                    Some(constant) => constant == subject,
                    None => {
                        let pattern = self.expand_pattern(pattern)?;
                        let matched = pattern::matches(pattern.bytes(), subject);
                        self.recycle(pattern);
                        matched
                    }
                };
                if matched {
                    return Ok(Some(index));
                }
            }
        }
        Ok(None)
    }

    /// Calls a function whose frame of variables has been opened by the caller, who gets
    /// the parameters back.
    pub(super) fn call(&mut self, body: &Rc<Command>, params: &mut Params) -> Run {
        if !self.stack.has_room() {
            return Err(self.fatal("function calls nested too deeply"));
        }
        let body = Rc::clone(body);
        std::mem::swap(&mut self.params, params);
        let loops = std::mem::take(&mut self.loops);
        self.calls += 1;
        let result = self.run_command(&body, false);
        self.calls -= 1;
        self.loops = loops;
        std::mem::swap(&mut self.params, params);
        match result {
            Err(Flow::Return) => Ok(()),
            other => other,
        }
    }
}

/// How a loop goes on.
enum Round {
    Next,
    Leave(Run),
}
