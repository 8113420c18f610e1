//! Simple commands: assignments, redirections, and who runs the words.

use super::Shell;
use super::ast::{Assign, Part, RedirectKind, Simple, Word};
use super::builtin::{self, Builtin};
use super::error::{Flow, Run};
use super::fields::{Aim, Expansion, Fields};
use super::params::Params;
use super::redirect::Frame;
use crate::sys::signal::numbers;
use crate::sys::trap;
use std::rc::Rc;

impl Shell {
    /// Runs a simple command. `tail`: the process has nothing to do after it.
    pub(super) fn run_simple(&mut self, simple: &Simple, tail: bool) -> Run {
        self.vars.line = simple.line;
        self.substituted = None;
        self.traced.clear();
        let mut args = self.expansion(Aim::Fields);
        self.expand_arguments(&simple.words, &mut args)?;
        if self.options.interactive && trap::is_noted(numbers::INT) {
            // Ctrl-C during a substitution: the command with half its words is not run.
            self.handle_signals()?;
        }
        if args.fields.is_empty() {
            self.recycle(args);
            self.run_assignments(simple)?;
            return self.check_errexit();
        }
        let args = self.run_words(simple, args, tail)?;
        self.recycle(args);
        self.check_errexit()
    }

    /// A command without words: assignments stay, redirections are only tried.
    fn run_assignments(&mut self, simple: &Simple) -> Run {
        if !simple.redirects.is_empty() {
            let Some(frame) = self.redirect(&simple.redirects)? else {
                self.status = 1;
                return Ok(());
            };
            self.undo_redirects(frame);
        }
        for assign in &simple.assigns {
            self.run_assign(assign)?;
        }
        if !self.traced.is_empty() {
            self.trace(&Fields::default());
        }
        self.status = self.substituted.unwrap_or(0);
        Ok(())
    }

    fn run_assign(&mut self, assign: &Assign) -> Run {
        let value = self.expand_single(&assign.value)?;
        if self.options.xtrace {
            self.trace_assignment(assign, value.bytes());
        }
        let result = if assign.append {
            self.vars.append(&assign.name, value.bytes())
        } else {
            self.vars.set(&assign.name, value.bytes())
        };
        self.recycle(value);
        match result {
            Ok(()) => Ok(()),
            Err(_) => Err(self.read_only(&assign.name)),
        }
    }

    /// Runs the words: special builtin, function, builtin, program, in this order.
    fn run_words(&mut self, simple: &Simple, args: Expansion, tail: bool) -> Run<Expansion> {
        let name = args.fields.get(0).unwrap_or_default();
        let builtin = match simple.builtin {
            Some(builtin) if simple.words.len() == 1 || builtin.name.as_bytes() == name => {
                Some(builtin)
            }
            _ => builtin::find(name),
        };
        if let Some(builtin) = builtin
            && builtin.special
        {
            self.run_special(simple, builtin, &args)?;
            return Ok(args);
        }
        if !self.functions.is_empty()
            && let Some(body) = self.functions.get(name).cloned()
        {
            return self.run_function(simple, &body, args);
        }
        match builtin {
            Some(builtin) => self.run_builtin(simple, builtin, &args)?,
            None if simple.assigns.is_empty() => {
                self.trace(&args.fields);
                self.run_program(simple, &args, tail)?;
            }
            None => self.run_program_assigning(simple, &args, tail)?,
        }
        Ok(args)
    }

    /// A special builtin: its assignments stay, and its errors end a script.
    fn run_special(&mut self, simple: &Simple, builtin: &'static Builtin, args: &Expansion) -> Run {
        self.trace_plain(simple, args);
        let Some(frame) = self.redirect(&simple.redirects)? else {
            self.status = 1;
            return Err(Flow::Error);
        };
        let becomes_program = builtin.name == "exec" && args.fields.len() > 1;
        let assigned = simple.assigns.iter().try_for_each(|assign| {
            self.run_assign(assign)?;
            if becomes_program {
                self.vars.mark(&assign.name, |var| var.exported = true);
            }
            Ok(())
        });
        let result = assigned.and_then(|()| {
            self.trace_assigning(simple, &args.fields, frame);
            self.invoke(builtin, args)
        });
        if builtin.name == "exec" && result.is_ok() {
            self.keep_redirects(frame);
        } else {
            self.undo_redirects(frame);
        }
        result
    }

    fn run_builtin(&mut self, simple: &Simple, builtin: &'static Builtin, args: &Expansion) -> Run {
        if simple.assigns.is_empty() && simple.redirects.is_empty() {
            self.trace(&args.fields);
            return self.invoke(builtin, args);
        }
        self.trace_plain(simple, args);
        let mut redirects = &*simple.redirects;
        let mut document = None;
        if let Some(word) = document_to_read(simple, builtin, args) {
            let text = self.expand_single(word)?;
            document = Some(text.bytes().to_vec());
            self.recycle(text);
            redirects = &[];
        }
        let Some(frame) = self.redirect(redirects)? else {
            self.status = 1;
            return Ok(());
        };
        self.vars.push_frame();
        let result = self.temporary_assignments(&simple.assigns).and_then(|()| {
            self.trace_assigning(simple, &args.fields, frame);
            self.document = document;
            self.invoke(builtin, args)
        });
        self.vars.pop_frame();
        self.undo_redirects(frame);
        self.document = None;
        result
    }

    /// A program with assignments before it: they are made here, where what they change and
    /// what is wrong with them counts, and undone when the program has them.
    fn run_program_assigning(&mut self, simple: &Simple, args: &Expansion, tail: bool) -> Run {
        let Some(frame) = self.redirect(&simple.redirects)? else {
            self.status = 1;
            return Ok(());
        };
        self.vars.push_frame();
        let result = self.temporary_assignments(&simple.assigns).and_then(|()| {
            self.trace_assigning(simple, &args.fields, frame);
            let bare = Simple {
                assigns: Box::default(),
                words: Box::default(),
                redirects: Box::default(),
                line: simple.line,
                builtin: None,
            };
            self.run_program(&bare, args, tail)
        });
        self.vars.pop_frame();
        self.undo_redirects(frame);
        result
    }

    /// Calls a builtin and sends what it has to say. The errors of one that is not special
    /// are only statuses.
    pub(super) fn invoke(&mut self, builtin: &'static Builtin, args: &Expansion) -> Run {
        match self.invoke_with(builtin, &args.fields) {
            Err(Flow::Error) if !builtin.special && !self.options.interactive => Ok(()),
            other => other,
        }
    }

    /// The same on fields, errors being errors.
    pub(super) fn invoke_with(&mut self, builtin: &'static Builtin, args: &Fields) -> Run {
        let outer = self.builtin.replace(builtin.name);
        let result = (builtin.run)(self, args);
        let sent = self.flush();
        self.builtin = outer;
        let status = result?;
        self.status = if sent { status } else { status.max(1) };
        Ok(())
    }

    fn run_function(
        &mut self,
        simple: &Simple,
        body: &Rc<super::ast::Command>,
        mut args: Expansion,
    ) -> Run<Expansion> {
        self.trace_plain(simple, &args);
        let Some(frame) = self.redirect(&simple.redirects)? else {
            self.status = 1;
            return Ok(args);
        };
        self.vars.push_frame();
        let options = (self.option_offset, self.vars.optind_changed);
        let result = self.temporary_assignments(&simple.assigns).and_then(|()| {
            self.trace_assigning(simple, &args.fields, frame);
            let mut params = Params::new(std::mem::take(&mut args.fields), 1);
            let result = self.call(body, &mut params);
            args.fields = params.into_fields().unwrap_or_default();
            result
        });
        if self.vars.pop_frame() {
            // The caller's own reading of options goes on where it was.
            (self.option_offset, self.vars.optind_changed) = options;
        }
        self.undo_redirects(frame);
        result.map(|()| args)
    }

    /// Assignments that last as long as the command; its environment has them.
    pub(super) fn temporary_assignments(&mut self, assigns: &[Assign]) -> Run {
        for assign in assigns {
            let value = self.expand_single(&assign.value)?;
            if self.options.xtrace {
                self.trace_assignment(assign, value.bytes());
            }
            self.vars.shadow(&assign.name);
            let result = if assign.append {
                self.vars.append(&assign.name, value.bytes())
            } else {
                self.vars.set(&assign.name, value.bytes())
            };
            self.recycle(value);
            if result.is_err() {
                return Err(self.read_only(&assign.name));
            }
            self.vars.mark(&assign.name, |var| var.exported = true);
        }
        Ok(())
    }

    /// The trace of a command without assignments, before its redirections.
    fn trace_plain(&mut self, simple: &Simple, args: &Expansion) {
        if simple.assigns.is_empty() {
            self.trace(&args.fields);
        }
    }

    /// The trace of a command whose assignments have been made, which is after its
    /// redirections: it goes to what standard error was before.
    fn trace_assigning(&mut self, simple: &Simple, fields: &Fields, frame: Frame) {
        if simple.assigns.is_empty() || !self.options.xtrace {
            return;
        }
        let line = self.trace_line(fields);
        match self.hidden_by(frame, 2) {
            Some(error) => self.tell_on(error, &line),
            None => self.tell(&line),
        }
    }

    /// `set -x`: shows the words of a command and the assignments before them.
    pub(super) fn trace(&mut self, fields: &Fields) {
        if self.options.xtrace {
            let line = self.trace_line(fields);
            self.tell(&line);
        } else {
            self.traced.clear();
        }
    }

    /// The line of a trace.
    pub(super) fn trace_line(&mut self, fields: &Fields) -> Vec<u8> {
        let mut words = std::mem::take(&mut self.traced);
        for field in fields.iter() {
            builtin::quote_if_needed(field, &mut words);
            words.push(b' ');
        }
        words.pop();
        let mut line = self.trace_prompt();
        line.append(&mut words);
        line.push(b'\n');
        line
    }

    /// Notes an assignment for the trace of its command.
    fn trace_assignment(&mut self, assign: &Assign, value: &[u8]) {
        let operator: &[u8] = if assign.append { b"+=" } else { b"=" };
        self.traced.extend_from_slice(&assign.name);
        self.traced.extend_from_slice(operator);
        builtin::quote_if_needed(value, &mut self.traced);
        self.traced.push(b' ');
    }

    fn trace_prompt(&mut self) -> Vec<u8> {
        // The prompt's own commands are not traced.
        self.options.xtrace = false;
        let prompt = self.vars.get(b"PS4").unwrap_or(b"+ ").to_vec();
        let expanded = self.expand_prompt(&prompt);
        self.options.xtrace = true;
        expanded
    }
}

/// The here-document of a plain `read`: no descriptor is needed to take a line from it.
fn document_to_read<'a>(
    simple: &'a Simple,
    builtin: &Builtin,
    args: &Expansion,
) -> Option<&'a Word> {
    let [redirect] = &*simple.redirects else {
        return None;
    };
    let RedirectKind::Here(body) = &redirect.kind else {
        return None;
    };
    let plain = |arg: &[u8]| arg == b"-r" || !arg.starts_with(b"-");
    let literal = |part: &Part| matches!(part, Part::Text(_) | Part::Quoted(_));
    // A command in a value would see the document on its standard input.
    let is_alone = simple
        .assigns
        .iter()
        .all(|a| a.value.parts.iter().all(literal));
    let to_read = builtin.name == "read" && is_alone && args.fields.from(1).all(plain);
    (to_read && redirect.fd.unwrap_or(0) == 0)
        .then(|| body.get())
        .flatten()
}
