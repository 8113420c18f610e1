//! Terminal modes as RFC 4254 section 8 numbers them, on a terminal of Linux.

use rustix::termios::{
    ControlModes, InputModes, LocalModes, OutputModes, SpecialCodeIndex, Termios,
};

/// Special characters by their number.
const CHARACTERS: &[(u8, SpecialCodeIndex)] = &[
    (1, SpecialCodeIndex::VINTR),
    (2, SpecialCodeIndex::VQUIT),
    (3, SpecialCodeIndex::VERASE),
    (4, SpecialCodeIndex::VKILL),
    (5, SpecialCodeIndex::VEOF),
    (6, SpecialCodeIndex::VEOL),
    (7, SpecialCodeIndex::VEOL2),
    (8, SpecialCodeIndex::VSTART),
    (9, SpecialCodeIndex::VSTOP),
    (10, SpecialCodeIndex::VSUSP),
    (12, SpecialCodeIndex::VREPRINT),
    (13, SpecialCodeIndex::VWERASE),
    (14, SpecialCodeIndex::VLNEXT),
    (18, SpecialCodeIndex::VDISCARD),
];

const INPUT: &[(u8, InputModes)] = &[
    (30, InputModes::IGNPAR),
    (31, InputModes::PARMRK),
    (32, InputModes::INPCK),
    (33, InputModes::ISTRIP),
    (34, InputModes::INLCR),
    (35, InputModes::IGNCR),
    (36, InputModes::ICRNL),
    (38, InputModes::IXON),
    (39, InputModes::IXANY),
    (40, InputModes::IXOFF),
    (41, InputModes::IMAXBEL),
    (42, InputModes::IUTF8),
];

const LOCAL: &[(u8, LocalModes)] = &[
    (50, LocalModes::ISIG),
    (51, LocalModes::ICANON),
    (53, LocalModes::ECHO),
    (54, LocalModes::ECHOE),
    (55, LocalModes::ECHOK),
    (56, LocalModes::ECHONL),
    (57, LocalModes::NOFLSH),
    (58, LocalModes::TOSTOP),
    (59, LocalModes::IEXTEN),
    (60, LocalModes::ECHOCTL),
    (61, LocalModes::ECHOKE),
];

const OUTPUT: &[(u8, OutputModes)] = &[
    (70, OutputModes::OPOST),
    (72, OutputModes::ONLCR),
    (73, OutputModes::OCRNL),
    (74, OutputModes::ONOCR),
    (75, OutputModes::ONLRET),
];

/// Sets one mode; numbers that mean nothing here (the speed, for one) are left out.
pub fn set(termios: &mut Termios, number: u8, value: u32) {
    fn flag<T: Copy>(list: &[(u8, T)], number: u8) -> Option<T> {
        let found = list.iter().find(|(own, _)| *own == number);
        found.map(|(_, flag)| *flag)
    }
    let on = value != 0;
    if let Some(index) = flag(CHARACTERS, number) {
        // 255 stands for none, which is 0 here.
        termios.special_codes[index] = match value {
            255.. => 0,
            value => value as u8,
        };
    } else if let Some(mode) = flag(INPUT, number) {
        termios.input_modes.set(mode, on);
    } else if let Some(mode) = flag(LOCAL, number) {
        termios.local_modes.set(mode, on);
    } else if let Some(mode) = flag(OUTPUT, number) {
        termios.output_modes.set(mode, on);
    } else {
        match number {
            90 if on => size(termios, ControlModes::CS7),
            91 if on => size(termios, ControlModes::CS8),
            92 => termios.control_modes.set(ControlModes::PARENB, on),
            93 => termios.control_modes.set(ControlModes::PARODD, on),
            _ => {}
        }
    }
}

fn size(termios: &mut Termios, bits: ControlModes) {
    termios.control_modes.remove(ControlModes::CSIZE);
    termios.control_modes.insert(bits);
}

#[test]
fn modes_of_the_client_become_those_of_the_terminal() {
    let pty = crate::sys::pty::open().unwrap();
    let mut termios = rustix::termios::tcgetattr(&pty.slave).unwrap();
    for number in 0..=255 {
        set(&mut termios, number, 255);
    }
    for (number, value) in [(1, 7), (53, 0), (50, 1), (72, 0), (91, 1)] {
        set(&mut termios, number, value);
    }
    assert_eq!(termios.special_codes[SpecialCodeIndex::VINTR], 7);
    assert_eq!(termios.special_codes[SpecialCodeIndex::VQUIT], 0);
    assert!(!termios.local_modes.contains(LocalModes::ECHO));
    assert!(termios.local_modes.contains(LocalModes::ISIG));
    assert!(!termios.output_modes.contains(OutputModes::ONLCR));
    let size = termios.control_modes & ControlModes::CSIZE;
    assert_eq!(size, ControlModes::CS8);
}
