//! telnet, both sides: the same events however a stream is cut, data there and back, no
//! end of answers.

#![no_main]

use libfuzzer_sys::fuzz_target;
use safebox::telnet::client::{self, Client};
use safebox::telnet::issue::{self, Facts};
use safebox::telnet::parser::{Parser, Token};
use safebox::telnet::server::{self, Server};

/// Ten answers per option and side, each a subnegotiation at most.
const MOST_REPLIES: usize = 512 * 10 * 16;

fuzz_target!(|data: &[u8]| {
    let middle = data.len() / 2;
    let halves = [&data[..middle], &data[middle..]];
    let whole = serve([data]);
    assert_eq!(whole, serve(halves));
    assert_eq!(whole, serve(data.chunks(1)));
    let whole = visit([data]);
    assert_eq!(whole, visit(halves));
    assert_eq!(whole, visit(data.chunks(1)));
    there_and_back(data);
    let facts = Facts {
        host: "router".into(),
        ..Facts::default()
    };
    assert!(issue::expand(data, &facts).len() <= 3 * data.len());
});

fn serve<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> (Vec<server::Event>, Vec<u8>) {
    use server::Event;
    let mut server = Server::new();
    let mut events = Vec::new();
    for event in pieces.into_iter().flat_map(|piece| server.receive(piece)) {
        match (events.last_mut(), event) {
            (Some(Event::Data(old)), Event::Data(new)) => old.extend(new),
            (_, event) => events.push(event),
        }
    }
    let replies = server.take_replies();
    assert!(replies.len() <= MOST_REPLIES);
    (events, replies)
}

fn visit<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> (Vec<client::Event>, Vec<u8>) {
    use client::Event;
    let mut client = Client::new(b"xterm", (255, 24));
    let mut events = Vec::new();
    for event in pieces.into_iter().flat_map(|piece| client.receive(piece)) {
        match (events.last_mut(), event) {
            (Some(Event::Data(old)), Event::Data(new)) => old.extend(new),
            (_, event) => events.push(event),
        }
    }
    let replies = client.take_replies();
    assert!(replies.len() <= MOST_REPLIES);
    (events, replies)
}

/// What is escaped parses as the data; what is typed arrives, every Enter as one CR.
fn there_and_back(data: &[u8]) {
    let mut stream = Vec::new();
    safebox::telnet::escape(data, &mut stream);
    let mut parser = Parser::default();
    let tokens = stream.iter().filter_map(|&byte| parser.push(byte));
    assert!(tokens.eq(data.iter().copied().map(Token::Data)));

    let mut client = Client::new(b"xterm", (80, 24));
    let mut server = Server::new();
    client.receive(&server.take_replies());
    stream.clear();
    client.send(data, &mut stream);
    let enter = |byte: &u8| if *byte == b'\n' { b'\r' } else { *byte };
    let typed: Vec<u8> = data.iter().map(enter).collect();
    let expected = match typed.is_empty() {
        true => vec![],
        false => vec![server::Event::Data(typed)],
    };
    assert_eq!(server.receive(&stream), expected);
}
