//! Files and programs that a script has opened, by name.

use super::ast::Way;
use super::input::Reader;
use super::{Fault, Wait, World};
use std::collections::HashMap;
use std::io::{BufWriter, Write};

struct Output {
    sink: BufWriter<Box<dyn Write>>,
    wait: Option<Wait>,
    /// Nothing is held back: standard error.
    direct: bool,
}

struct Input {
    reader: Reader,
    wait: Option<Wait>,
}

#[derive(Default)]
pub struct Streams {
    outputs: HashMap<Vec<u8>, Output>,
    inputs: HashMap<Vec<u8>, Input>,
}

fn fault(name: &[u8], error: &std::io::Error) -> Fault {
    Fault::Stream(name.to_vec(), crate::error::reason(error))
}

impl Streams {
    /// Writes to a file or program, which is opened when first named.
    pub fn write(
        &mut self,
        name: &[u8],
        way: Way,
        bytes: &[u8],
        world: &mut dyn World,
    ) -> Result<(), Fault> {
        if name == b"/dev/stdout" && way != Way::Pipe {
            world.put(bytes);
            return Ok(());
        }
        if !self.outputs.contains_key(name) {
            self.flush(world)?;
            let (sink, wait) = match way {
                Way::Pipe => world
                    .write_command(name)
                    .map(|(sink, wait)| (sink, Some(wait))),
                _ => world
                    .write(name, way == Way::Append)
                    .map(|sink| (sink, None)),
            }
            .map_err(|error| fault(name, &error))?;
            let output = Output {
                sink: BufWriter::new(sink),
                wait,
                direct: name == b"/dev/stderr",
            };
            self.outputs.insert(name.to_vec(), output);
        }
        let Some(output) = self.outputs.get_mut(name) else {
            return Ok(());
        };
        let mut written = output.sink.write_all(bytes);
        if output.direct && written.is_ok() {
            written = output.sink.flush();
        }
        written.map_err(|error| fault(name, &error))
    }

    /// The reader of a file or of a program's output; None: it cannot be opened.
    pub fn reader(
        &mut self,
        name: &[u8],
        is_command: bool,
        world: &mut dyn World,
    ) -> Result<Option<&mut Reader>, Fault> {
        if !self.inputs.contains_key(name) {
            self.flush(world)?;
            let opened = match is_command {
                true => world
                    .read_command(name)
                    .map(|(source, wait)| (source, Some(wait))),
                false => world.read(name).map(|source| (source, None)),
            };
            let Ok((source, wait)) = opened else {
                return Ok(None);
            };
            let reader = Reader::new(source);
            self.inputs.insert(name.to_vec(), Input { reader, wait });
        }
        Ok(self.inputs.get_mut(name).map(|input| &mut input.reader))
    }

    /// Sends whatever is pending anywhere.
    pub fn flush(&mut self, world: &mut dyn World) -> Result<(), Fault> {
        world.flush();
        for (name, output) in &mut self.outputs {
            output.sink.flush().map_err(|error| fault(name, &error))?;
        }
        Ok(())
    }

    /// Closes what is open under a name; what the program ended with, 0 for a file, -1 where
    /// nothing was open.
    pub fn close(&mut self, name: &[u8]) -> Result<f64, Fault> {
        let mut status = -1.0;
        if let Some(input) = self.inputs.remove(name) {
            drop(input.reader);
            status = input.wait.map_or(0.0, |wait| wait());
        }
        if let Some(output) = self.outputs.remove(name) {
            status = finish(name, output)?;
        }
        Ok(status)
    }

    /// Closes everything.
    pub fn close_all(&mut self) -> Result<(), Fault> {
        let mut result = Ok(());
        for (name, output) in std::mem::take(&mut self.outputs) {
            result = result.and(finish(&name, output).map(|_| ()));
        }
        for (_, input) in std::mem::take(&mut self.inputs) {
            drop(input.reader);
            if let Some(wait) = input.wait {
                wait();
            }
        }
        result
    }
}

fn finish(name: &[u8], mut output: Output) -> Result<f64, Fault> {
    let flushed = output.sink.flush();
    drop(output.sink);
    let status = output.wait.map(|wait| wait());
    // A program may end before it has read everything.
    match (flushed, status) {
        (_, Some(status)) => Ok(status),
        (Ok(()), None) => Ok(0.0),
        (Err(error), None) => Err(fault(name, &error)),
    }
}
