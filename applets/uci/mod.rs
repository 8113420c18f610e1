//! uci - read and change the configuration.
//!
//! `set` and its like stage changes below /tmp/.uci, so they work while the root is read-only;
//! `commit` writes them into /etc/config, whole or not at all. Scripts know the texts, the
//! usage's included, and the statuses: 255 for a wrong count, 0 for an unknown option.

mod batch;
mod commands;
mod mend;
mod options;

use options::Options;
use safebox::applet::{Applet, Ctx, Dir, Source};
use safebox::error::{Exit, Result, reason};
use safebox::uci::Config;
use std::io::BufReader;
use std::os::unix::ffi::OsStrExt;

pub static APPLET: Applet = Applet {
    names: &["uci"],
    dir: Dir::Sbin,
    run,
};

const USAGE: &str = "\
Usage: uci [<options>] <command> [<arguments>]

Commands:
\tbatch
\texport     [<config>]
\timport     [<config>]
\tchanges    [<config>]
\tcommit     [<config>]
\tadd        <config> <section-type>
\tadd_list   <config>.<section>.<option>=<string>
\tdel_list   <config>.<section>.<option>=<string>
\tshow       [<config>[.<section>[.<option>]]]
\tget        <config>.<section>[.<option>]
\tset        <config>.<section>[.<option>]=<value>
\tdelete     <config>[.<section>[[.<option>][=<id>]]]
\trename     <config>.<section>[.<option>]=<name>
\trevert     <config>[.<section>[.<option>]]
\treorder    <config>.<section>=<position>

Options:
\t-c <path>  set the search path for config files (default: /etc/config)
\t-C <path>  set the search path for config override files (default: /var/run/uci)
\t-d <str>   set the delimiter for list values in uci show
\t-f <file>  use <file> as input instead of stdin
\t-m         when importing, merge data into an existing package
\t-n         name unnamed sections on export (default)
\t-N         don't name unnamed sections
\t-p <path>  add a search path for config change files
\t-P <path>  add a search path for config change files and use as default
\t-t <path>  set save path for config change files
\t-q         quiet mode (don't print error messages)
\t-s         force strict mode (stop on parser errors, default)
\t-S         disable strict mode
\t-X         do not use extended syntax on 'show'

";

/// What the original does not have; its own usage text stays as scripts know it.
const MORE: &str = "\
Also:
\tdiff       [<config>]      what commit would change in the files, as diff -u has it
\tdiff       <dir> [<config>] what is different from the files of another root
\tvalidate   [<file>...]     print every error with file, line, column; 1 if there is any
\trepair     <file>...       make a comment of what is in error; keeps FILE.bak

Example: uci set network.lan.ipaddr=192.168.1.1 && uci diff && uci commit network
Example: uci diff /rom network    what was ever changed
Example: uci repair network       when 'uci show network' says: Parse error
";

/// A wrong count of arguments: the usage is shown.
const WRONG_COUNT: u8 = 255;

fn run(ctx: &mut Ctx) -> Result<Exit> {
    if ctx.args.first().is_some_and(|first| first == "--help") {
        ctx.out.put(USAGE.as_bytes());
        ctx.out.put(MORE.as_bytes());
        return Ok(Exit::OK);
    }
    let (options, words) = match Options::parse(ctx) {
        Ok(parsed) => parsed,
        Err(complaint) => {
            complain(ctx, None, &complaint);
            ctx.tell(USAGE);
            return Ok(Exit::OK);
        }
    };
    let Some((name, arguments)) = words.split_first() else {
        ctx.tell(USAGE);
        return Ok(Exit::OK);
    };
    let source = match &options.input {
        None => Source::Standard(ctx.stdin()),
        Some(path) => match std::fs::File::open(path) {
            Ok(file) => Source::Named(file),
            Err(error) => {
                complain(ctx, Some(path.as_bytes()), &reason(&error));
                return Ok(Exit::FAILED);
            }
        },
    };
    let mut session = Session {
        ctx,
        config: Config::new(options.store.clone()),
        options,
        input: BufReader::new(source),
    };
    let status = match &name.to_ascii_lowercase()[..] {
        b"help" => {
            session.ctx.tell(USAGE);
            0
        }
        b"batch" if arguments.is_empty() => session.batch(),
        _ => session.command(name, arguments).unwrap_or(WRONG_COUNT),
    };
    if status == WRONG_COUNT {
        session.ctx.tell(USAGE);
    }
    Ok(Exit(status))
}

/// `argv[0]: object: text`, with `argv[0]` as it was typed.
fn complain(ctx: &mut Ctx, object: Option<&[u8]>, text: &str) {
    let mut line = ctx.argv0.as_bytes().to_vec();
    if let Some(object) = object {
        line.extend_from_slice(b": ");
        line.extend_from_slice(object);
    }
    line.extend_from_slice(format!(": {text}\n").as_bytes());
    ctx.tell(line);
}

/// One call, or all commands of a batch.
struct Session<'a, 'b> {
    ctx: &'a mut Ctx<'b>,
    config: Config,
    options: Options,
    input: BufReader<Source>,
}
