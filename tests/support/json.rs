//! Reads JSON, as far as test data need it.

use std::collections::BTreeMap;

#[derive(Debug, Clone, PartialEq)]
pub enum Json {
    Null,
    Number(i64),
    Text(String),
    List(Vec<Json>),
    Map(BTreeMap<String, Json>),
}

impl Json {
    pub fn text(&self) -> &str {
        match self {
            Json::Text(text) => text,
            other => panic!("no text: {other:?}"),
        }
    }

    pub fn number(&self) -> i64 {
        match self {
            Json::Number(number) => *number,
            other => panic!("no number: {other:?}"),
        }
    }

    pub fn list(&self) -> &[Json] {
        match self {
            Json::List(list) => list,
            other => panic!("no list: {other:?}"),
        }
    }

    /// The member of a map; null if it has none of this name.
    pub fn get(&self, name: &str) -> &Json {
        match self {
            Json::Map(map) => map.get(name).unwrap_or(&Json::Null),
            other => panic!("no map: {other:?}"),
        }
    }

    /// The members of a map; null has none.
    pub fn members(&self) -> impl Iterator<Item = (&String, &Json)> {
        let map = match self {
            Json::Map(map) => Some(map),
            Json::Null => None,
            other => panic!("no map: {other:?}"),
        };
        map.into_iter().flatten()
    }
}

/// Reads a whole text; anything out of form is a panic with its offset.
pub fn parse(text: &str) -> Json {
    let mut reader = Reader { rest: text };
    let value = reader.value();
    reader.skip_space();
    assert!(
        reader.rest.is_empty(),
        "behind the end: {:.20}",
        reader.rest
    );
    value
}

struct Reader<'a> {
    rest: &'a str,
}

impl Reader<'_> {
    fn skip_space(&mut self) {
        self.rest = self.rest.trim_start();
    }

    fn next(&mut self) -> char {
        let mut chars = self.rest.chars();
        let next = chars.next().expect("the text ends too early");
        self.rest = chars.as_str();
        next
    }

    fn takes(&mut self, what: &str) -> bool {
        self.skip_space();
        let rest = self.rest.strip_prefix(what);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    fn value(&mut self) -> Json {
        if self.takes("null") {
            Json::Null
        } else if self.takes("\"") {
            Json::Text(self.string())
        } else if self.takes("[") {
            let mut list = Vec::new();
            while !self.takes("]") {
                list.push(self.value());
                self.takes(",");
            }
            Json::List(list)
        } else if self.takes("{") {
            let mut map = BTreeMap::new();
            while !self.takes("}") {
                assert!(self.takes("\""), "no name: {:.20}", self.rest);
                let name = self.string();
                assert!(self.takes(":"), "no colon: {:.20}", self.rest);
                map.insert(name, self.value());
                self.takes(",");
            }
            Json::Map(map)
        } else {
            let is_part = |c: char| c.is_ascii_digit() || c == '-';
            let end = self.rest.find(|c| !is_part(c)).unwrap_or(self.rest.len());
            let (number, rest) = self.rest.split_at(end);
            self.rest = rest;
            Json::Number(number.parse().expect("a number"))
        }
    }

    /// The rest of a string behind its first quote.
    fn string(&mut self) -> String {
        let mut text = String::new();
        loop {
            match self.next() {
                '"' => return text,
                '\\' => text.push(match self.next() {
                    'n' => '\n',
                    't' => '\t',
                    'r' => '\r',
                    'u' => {
                        let (code, rest) = self.rest.split_at(4);
                        self.rest = rest;
                        let code = u32::from_str_radix(code, 16).expect("four hex digits");
                        char::from_u32(code).expect("a character")
                    }
                    plain => plain,
                }),
                plain => text.push(plain),
            }
        }
    }
}
