//! What was found in a file, for people and for programs.
//!
//! Both see the same: a tree of values, printed as JSON or as lines of `key: value`.

use super::body::{Body, Content};
use super::check::{CheckedImage, Destination, Fault};
use super::json::Value;
use super::look::{Facts, Info};

/// An object of these members.
pub fn object(members: Vec<(&str, Value)>) -> Value {
    let named = members
        .into_iter()
        .map(|(key, value)| (key.to_owned(), value));
    Value::Object(named.collect())
}

/// A string.
pub fn text(text: impl ToString) -> Value {
    Value::String(text.to_string())
}

/// A number.
pub fn number(number: u64) -> Value {
    Value::Number(number.to_string())
}

/// Digits of a digest.
pub fn hex(bytes: &[u8]) -> Value {
    Value::String(bytes.iter().map(|b| format!("{b:02x}")).collect())
}

fn place(offset: u64, length: u64) -> Vec<(&'static str, Value)> {
    vec![("offset", number(offset)), ("length", number(length))]
}

fn state(is_right: Option<bool>) -> Value {
    text(match is_right {
        Some(true) => "right",
        Some(false) => "wrong",
        None => "not checked",
    })
}

/// All that is known about a file.
pub fn facts(facts: &Facts) -> Value {
    let mut all = vec![
        ("length", number(facts.length)),
        ("sha256", hex(&facts.sha256)),
    ];
    if let Some(packed) = &facts.packed {
        let fault = packed.fault.unwrap_or("whole");
        let members = vec![
            ("format", text("gzip")),
            ("length", number(packed.length)),
            ("state", text(fault)),
        ];
        all.push(("packed", object(members)));
    }
    all.push(("content", body(&facts.body)));
    all.push(("metadata", metadata(&facts.info)));
    all.push(("signature", text(&facts.trust)));
    object(all)
}

fn metadata(info: &Info) -> Value {
    let found = match info {
        Info::Missing => return text("not present"),
        Info::Damaged(_) => return text("damaged: its checksum is not that of the file"),
        Info::Invalid(at) => return text(format_args!("unreadable at byte {at}")),
        Info::Metadata(found) => found,
    };
    let boards = found.boards.iter().map(text).collect();
    let mut all = vec![
        ("checksum", state(Some(true))),
        ("version", text(&found.version)),
        ("boards", Value::Array(boards)),
        ("compat_version", text(found.compat)),
    ];
    if let Some(message) = &found.compat_message {
        all.push(("compat_message", text(message)));
    }
    object(all)
}

fn body(body: &Body) -> Value {
    let mut all = vec![
        ("format", text(body.container)),
        ("length", number(body.length)),
    ];
    if let Some(kernel) = &body.kernel {
        let mut members = vec![("header", state(Some(kernel.header.is_some())))];
        if let Some(header) = &kernel.header {
            let name = String::from_utf8_lossy(&header.name).into_owned();
            members.push(("name", text(name)));
            members.extend(place(super::uimage::HEADER as u64, header.size.into()));
        }
        if let Some(sum) = kernel.data {
            let is_right = sum.real.map(|_| sum.is_right());
            members.push(("checksum", state(is_right)));
        }
        all.push(("kernel", object(members)));
    }
    if let Some(seal) = &body.seal {
        let mut members = place(seal.start, seal.end.saturating_sub(seal.start));
        members.push(("checksum", state(seal.is_right)));
        let parts = seal.parts.iter().map(|&part| number(part)).collect();
        members.push(("parts", Value::Array(parts)));
        all.push(("sealed", object(members)));
    }
    match &body.content {
        Content::Fit(fit) => {
            all.extend(fit.fault.map(|fault| ("fault", text(fault))));
            let images = fit.images.iter().map(|image| {
                let mut members = vec![("name", text(&image.name)), ("type", text(&image.kind))];
                members.extend(
                    image
                        .data
                        .map(|(at, length)| place(at, length))
                        .unwrap_or_default(),
                );
                for (algorithm, is_right) in &image.hashes {
                    members.push((algorithm, state(*is_right)));
                }
                object(members)
            });
            all.push(("images", Value::Array(images.collect())));
        }
        Content::Tar(tar) => {
            all.push(("folder", text(&tar.folder)));
            all.extend(tar.board.as_ref().map(|board| ("board", text(board))));
            all.extend(tar.fault.as_ref().map(|fault| ("fault", text(fault))));
            for (name, member) in tar.members() {
                let mut members = place(member.offset, member.length);
                members.push(("content", self::body(&member.body)));
                all.push((name, object(members)));
            }
        }
        Content::Disk(disk) => {
            let table = if disk.gpt { "GPT" } else { "MBR" };
            all.push(("table", text(table)));
            all.extend(disk.fault.map(|fault| ("fault", text(fault))));
            let partitions = disk.partitions.iter().map(|partition| {
                let mut members = vec![("number", number(partition.number.into()))];
                members.extend(place(partition.start, partition.length));
                members.push(("label", text(&partition.label)));
                object(members)
            });
            all.push(("partitions", Value::Array(partitions.collect())));
        }
        Content::Ubi(ubi) => {
            all.push(("block_size", number(ubi.block_size)));
            all.push(("blocks", number(ubi.blocks)));
            all.extend(ubi.damaged_at.map(|at| ("damaged_at", number(at))));
        }
        Content::Ubifs(ubifs) => {
            all.push(("block_size", number(ubifs.block_size)));
            all.push(("blocks", number(ubifs.blocks)));
        }
        Content::Raw | Content::Root | Content::Other => {}
    }
    if let Some(root) = body.root {
        let mut members = vec![("format", text(root.system))];
        members.extend(place(root.offset, root.system.length()));
        let whole = if root.end() > body.length {
            "cut off"
        } else {
            "whole"
        };
        members.push(("state", text(whole)));
        all.push(("root", object(members)));
    }
    object(all)
}

/// Reasons, those that were overridden and those that were not.
pub fn faults(faults: &[Fault]) -> Value {
    let reasons = faults.iter().map(|fault| {
        let overridden = fault.overridden_by().map_or(Value::Null, text);
        object(vec![
            ("reason", text(fault.name())),
            ("message", text(fault)),
            ("overridden_by", overridden),
        ])
    });
    Value::Array(reasons.collect())
}

/// An image that has not passed. Forced it would, where nothing but `-F` stands against it.
pub fn refused(facts: &Facts, against: &[Fault]) -> Value {
    let forceable = against.iter().all(|fault| fault.overridden_by().is_some());
    object(vec![
        ("valid", Value::Bool(false)),
        ("forceable", Value::Bool(forceable)),
        ("refusals", faults(against)),
        ("image", self::facts(facts)),
    ])
}

/// An image that has passed: what is ignored, and where it goes.
pub fn checked(image: &CheckedImage) -> Vec<(&'static str, Value)> {
    let (what, name, room) = match image.destination() {
        Destination::Flash(place) => ("flash", &*place.name, place.room),
        Destination::Ubi(place) => ("ubi", &*place.below.name, place.room),
        Destination::Cards(cards) => {
            let first = cards.first();
            let device = first.map_or("", |card| &*card.device);
            (
                "partitions",
                device,
                cards.iter().map(|card| card.size).sum(),
            )
        }
        Destination::Disk { place, whole } => {
            let what = if *whole { "disk" } else { "partitions" };
            (what, &*place.device, place.size)
        }
    };
    let members = vec![
        ("kind", text(what)),
        ("name", text(name)),
        ("room", number(room)),
    ];
    vec![
        ("image", facts(image.facts())),
        ("ignored", faults(image.overridden())),
        ("target", object(members)),
        ("write", number(image.facts().written)),
    ]
}

/// Lines of `key: value`, what belongs together indented.
pub fn lines(value: &Value) -> String {
    let mut out = String::new();
    put(value, 0, &mut out);
    out
}

fn put(value: &Value, depth: usize, out: &mut String) {
    let Value::Object(members) = value else {
        return;
    };
    for (key, value) in members {
        let indent = "  ".repeat(depth);
        match value {
            Value::Object(_) => {
                *out += &format!("{indent}{key}:\n");
                put(value, depth + 1, out);
            }
            Value::Array(items) if matches!(items.first(), Some(Value::Object(_))) => {
                for item in items {
                    *out += &format!("{indent}{key}:\n");
                    put(item, depth + 1, out);
                }
            }
            Value::Array(items) => {
                let items: Vec<_> = items.iter().map(plain).collect();
                *out += &format!("{indent}{key}: {}\n", items.join(" "));
            }
            other => *out += &format!("{indent}{key}: {}\n", plain(other)),
        }
    }
}

fn plain(value: &Value) -> String {
    match value {
        // Whoever made the image has no say over the terminal.
        Value::String(text) => text.escape_debug().to_string(),
        Value::Number(digits) => digits.clone(),
        other => other.to_string(),
    }
}
