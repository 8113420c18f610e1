//! Input devices (`linux/input.h`): which keys are held down right now.

use std::io;
use std::os::fd::{AsFd, AsRawFd};

/// KEY_MAX / 8 + 1 of linux/input-event-codes.h.
const KEY_BYTES: usize = 0x2ff / 8 + 1;

#[allow(missing_docs, reason = "the macro makes items without documentation")]
mod ioctls {
    nix::ioctl_read_buf!(eviocgkey, b'E', 0x18, u8);
}

/// The bits of the keys that are down (EVIOCGKEY), an array of longs.
pub fn keys_down(device: impl AsFd) -> io::Result<[u8; KEY_BYTES]> {
    let mut bits = [0; KEY_BYTES];
    // SAFETY: the kernel writes at most as many bytes as the buffer has; its length is part
    // of the request.
    unsafe { ioctls::eviocgkey(device.as_fd().as_raw_fd(), &mut bits) }?;
    Ok(bits)
}
