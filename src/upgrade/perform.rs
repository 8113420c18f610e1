//! The plan onto the flash.
//!
//! What goes to flash is the image up to the end of its root file system, then a jffs2 with
//! the settings, then a block that marks the end: the first boot erases what follows. The
//! first block, with the header that the boot loader checks, is erased first and written
//! last (`flash::write`), and only if the file still is the one that was checked.

use super::plan::{Plan, Work};
use super::progress::Percent;
use super::{Error, source};
use crate::archive::gzip::Gunzip;
use crate::flash::{self, inject, jffs2, write};
use crate::image::check::Place;
use crate::sys::{Reboot, System};
use flate2::Crc;
use std::cell::RefCell;
use std::io::{self, Read, Seek, SeekFrom};
use std::time::Duration;

/// Tells the user how far it is.
pub type Tell<'a> = &'a mut dyn FnMut(&str);

/// Writes the image and the settings archive behind it.
///
/// # Errors
/// [`Error::Flash`] before anything was changed, [`Error::Touched`] after that.
pub fn write(
    plan: &Plan,
    image: &mut (impl Read + Seek),
    settings: Option<&[u8]>,
    sys: &mut dyn System,
    tell: Tell<'_>,
) -> Result<(), Error> {
    match &plan.work {
        Work::Flash(place) => {
            image
                .seek(SeekFrom::Start(0))
                .map_err(|error| Error::Flash(flash::Error::Source(error)))?;
            write_once(plan, place, image, settings, sys, tell)
        }
        other => source::write(other, plan.image.facts(), image, settings, sys, tell),
    }
}

/// The same for a piece of flash, from a file that is read once, to its end.
///
/// # Errors
/// As [`write`].
pub fn write_once(
    plan: &Plan,
    place: &Place,
    image: &mut dyn Read,
    settings: Option<&[u8]>,
    sys: &mut dyn System,
    tell: Tell<'_>,
) -> Result<(), Error> {
    let facts = plan.image.facts();
    let partition = flash::find(sys, &place.name).map_err(Error::Flash)?;
    let mut flash = flash::open(sys, &partition, true).map_err(Error::Flash)?;
    let behind = match (settings, facts.root) {
        (Some(archive), _) => {
            let file = jffs2::File::settings(archive);
            inject::area(file, place.erase_size, jffs2::Endian::NATIVE)
        }
        (None, Some(_)) if facts.padded => jffs2::end_block(place.erase_size),
        // Nothing is known about what is behind it.
        (None, _) => Vec::new(),
    };
    // Without a padded root file system the whole payload goes as it is.
    let (length, crc) = match facts.padded {
        true => (facts.written, Some(facts.crc)),
        false => (facts.payload, None),
    };
    let file = RefCell::new(&mut *image);
    let content: Box<dyn Read + '_> = match &facts.packed {
        Some(packed) => Box::new(Gunzip::new(Shared(&file).take(packed.length))),
        None => Box::new(Shared(&file)),
    };
    let mut source = Source {
        image: content.take(length.min(facts.payload)),
        file: Shared(&file),
        filler: length.saturating_sub(facts.payload),
        crc: Crc::new(),
        expected: crc,
        behind: &behind,
    };
    let total = length + behind.len() as u64;
    // What fits now fits to the end: from here on only the flash itself can fail.
    let room = write::room(&mut *flash, 0).map_err(Error::Flash)?;
    if total > room {
        let length = Some(total);
        return Err(Error::Flash(flash::Error::TooBig { length, room }));
    }
    let options = write::Options {
        length: Some(total),
        skip_equal: true,
        read_again: true,
        ..write::Options::default()
    };
    tell(&format!("Unlocking {} ...", place.name));
    let mut parts = Parts {
        settings_at: settings.map(|_| length),
        total,
        erase_size: place.erase_size.into(),
        partition: &place.name,
        percent: Percent::new(total),
    };
    parts.begin(tell);
    let mut touched = false;
    let result = write::write(&mut *flash, &mut source, &options, &mut |progress| {
        touched |= progress.event != write::Event::Equal;
        parts.reach(progress.done, tell);
    });
    match result {
        Ok(_) => Ok(()),
        Err(error) if touched && place.spare => Err(Error::Slot(error)),
        Err(error) if touched => Err(Error::Touched(error)),
        Err(error) => Err(Error::Flash(error)),
    }
}

/// Everything onto its medium, and start again. Returns only if that fails.
pub fn restart(sys: &mut dyn System, tell: Tell<'_>) -> Error {
    tell("Upgrade completed");
    sys.machine().sync();
    tell("Rebooting system...");
    // The caller's session still has to carry this to its other end.
    std::thread::sleep(Duration::from_secs(1));
    let failed = match sys.machine().reboot(Reboot::Restart) {
        Err(error) => error,
        Ok(()) => io::ErrorKind::Other.into(),
    };
    Error::io("reboot", "the system")(failed)
}

/// What was checked has been changed since, or another was sent.
pub(super) fn other_file() -> io::Error {
    io::Error::other("the file is not the one that was checked")
}

/// A file that is read by two, one after the other.
struct Shared<'a, 'b>(&'a RefCell<&'b mut (dyn Read + 'b)>);

impl Read for Shared<'_, '_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.0.borrow_mut().read(buf)
    }
}

/// What goes to flash, as one stream.
struct Source<'a, 'b, R> {
    image: io::Take<R>,
    /// What is behind the image is read to the end: only then a stream tells whether it was
    /// the right one.
    file: Shared<'a, 'b>,
    /// 0xff between the end of the file and the block's.
    filler: u64,
    crc: Crc,
    /// The image's CRC32 when it was checked.
    expected: Option<u32>,
    behind: &'a [u8],
}

impl<R: Read> Read for Source<'_, '_, R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if buf.is_empty() {
            return Ok(0);
        }
        let count = self.image.read(buf)?;
        if count > 0 {
            self.crc.update(buf.get(..count).unwrap_or_default());
            return Ok(count);
        }
        if self.image.limit() > 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        // The first block has not been written yet: a changed file must not boot.
        if self
            .expected
            .take()
            .is_some_and(|crc| crc != self.crc.sum())
        {
            return Err(other_file());
        }
        io::copy(&mut self.file, &mut io::sink())?;
        if self.filler > 0 {
            let count = self.filler.min(buf.len() as u64) as usize;
            buf.iter_mut().take(count).for_each(|byte| *byte = 0xff);
            self.filler -= count as u64;
            return Ok(count);
        }
        self.behind.read(buf)
    }
}

/// The lines that tell which part is written.
struct Parts<'a> {
    /// Where the settings begin and all ends, in bytes of the stream.
    settings_at: Option<u64>,
    total: u64,
    erase_size: u64,
    partition: &'a str,
    percent: Percent,
}

impl Parts<'_> {
    fn begin(&self, tell: Tell<'_>) {
        tell(&format!("Writing from <stdin> to {} ...", self.partition));
    }

    fn reach(&mut self, done: u64, tell: Tell<'_>) {
        if self.settings_at.is_some_and(|at| done >= at) {
            self.settings_at = None;
            tell(&format!(
                "Appending jffs2 data from /tmp/sysupgrade.tgz to {}...",
                self.partition
            ));
        }
        self.percent.reach(done, tell);
        // What is missing now is the first block.
        if done < self.total && done + self.erase_size >= self.total {
            self.begin(tell);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::plan::{Memory, Settings, plan};
    use super::super::{BROKEN, REFUSED, WHOLE, device};
    use super::*;
    use crate::error::EngineError;
    use crate::fake::FakeSystem;
    use crate::fake::flash::Chip;
    use crate::image::{self, Overrides, sample, uimage};
    use crate::sys::{Flash, FlashKind};
    use std::io::Cursor;
    use std::path::Path;

    fn planned(bytes: &[u8], settings: Option<&[u8]>) -> Result<Plan, Error> {
        let mut sys = FakeSystem::router();
        let mut target = device::look(&mut sys, Path::new("/nosuch"), None);
        target.board = Some(sample::BOARD.into());
        let facts = image::look(&mut Cursor::new(bytes), sample::ERASE as u32).unwrap();
        let image = image::check(facts, &target, &Overrides::default()).unwrap();
        let settings = settings.map_or(Settings::None, |archive| Settings::Kept {
            bytes: archive.len() as u64,
            from: "the overlay".into(),
        });
        let memory = Memory {
            available: 32 << 20,
            program: 2 << 20,
        };
        plan(image, settings, memory)
    }

    fn run(
        sys: &mut FakeSystem,
        plan: &Plan,
        bytes: &[u8],
        archive: &[u8],
    ) -> Result<String, Error> {
        let mut told = String::new();
        let tell: Tell<'_> = &mut |line| {
            told += line;
            told.push('\n');
        };
        write(plan, &mut Cursor::new(bytes), Some(archive), sys, tell)?;
        Ok(told)
    }

    fn contents(sys: &FakeSystem, name: &str) -> Vec<u8> {
        let mut flash = sys.flash(name).unwrap();
        let mut bytes = vec![0; flash.geometry().size as usize];
        flash.read(0, &mut bytes).unwrap();
        bytes
    }

    /// As a boot loader judges: header and data have their checksums.
    fn boots(firmware: &[u8]) -> bool {
        let header = firmware.first_chunk().and_then(uimage::Header::parse);
        header.is_some_and(|header| {
            let mut crc = Crc::new();
            crc.update(&firmware[uimage::HEADER..][..header.size as usize]);
            crc.sum() == header.data_crc
        })
    }

    #[test]
    fn the_image_the_settings_and_the_end_marker_lie_where_a_boot_looks() {
        let (bytes, archive) = (sample::image(5000), vec![9; 3000]);
        let plan = planned(&bytes, Some(&archive)).unwrap();
        let mut sys = FakeSystem::router();
        let told = run(&mut sys, &plan, &bytes, &archive).unwrap();
        let flash = contents(&sys, "firmware");
        let data_at = 3 * sample::ERASE;
        assert_eq!(flash[..data_at], bytes[..data_at]);
        let area = inject::area(
            jffs2::File::settings(&archive),
            sample::ERASE as u32,
            jffs2::Endian::NATIVE,
        );
        assert_eq!(flash[data_at..data_at + area.len()], area);
        assert_eq!(contents(&sys, "art"), vec![0xff; sample::ERASE]);
        assert!(told.contains("Appending jffs2 data"), "{told}");
    }

    #[test]
    fn what_is_told_is_in_the_order_of_the_howto() {
        let (bytes, archive) = (sample::image(5000), vec![9; 3000]);
        let plan = planned(&bytes, Some(&archive)).unwrap();
        let mut sys = FakeSystem::router();
        let told = run(&mut sys, &plan, &bytes, &archive).unwrap();
        let is_said = |line: &&str| !line.is_empty() && !line.starts_with('\r');
        let lines: Vec<_> = told.lines().filter(is_said).collect();
        let expected = [
            "Unlocking firmware ...",
            "Writing from <stdin> to firmware ...",
            "Appending jffs2 data from /tmp/sysupgrade.tgz to firmware...",
            "Writing from <stdin> to firmware ...",
        ];
        assert_eq!(lines, expected);
        assert!(told.contains("\r 100%"), "{told}");
    }

    #[test]
    fn blocks_that_are_the_same_in_the_new_firmware_are_not_touched() {
        let (bytes, archive) = (sample::image(5000), vec![9; 3000]);
        let plan = planned(&bytes, Some(&archive)).unwrap();
        let mut sys = FakeSystem::router();
        run(&mut sys, &plan, &bytes, &archive).unwrap();
        let steps = sys.power.steps();
        run(&mut sys, &plan, &bytes, &archive).unwrap();
        assert_eq!(sys.power.steps(), steps);
    }

    #[test]
    fn a_packed_image_is_unpacked_on_its_way_to_the_flash() {
        let (bytes, archive) = (sample::bare(5000), vec![9; 3000]);
        let packed = sample::whole(&sample::gzip(&bytes));
        let plan = planned(&packed, Some(&archive)).unwrap();
        let mut sys = FakeSystem::router();
        run(&mut sys, &plan, &packed, &archive).unwrap();
        let packed = contents(&sys, "firmware");
        let bytes = sample::whole(&bytes);
        let plan = planned(&bytes, Some(&archive)).unwrap();
        let mut sys = FakeSystem::router();
        run(&mut sys, &plan, &bytes, &archive).unwrap();
        assert!(packed == contents(&sys, "firmware"));
    }

    #[test]
    fn a_trx_whose_checksum_covers_everything_is_written_whole() {
        let mut bytes = sample::trx(5000);
        bytes.resize(4 * sample::ERASE, 0xff);
        sample::seal_trx(&mut bytes);
        let image = sample::whole(&bytes);
        let mut sys = FakeSystem::router();
        let mut target = device::look(&mut sys, Path::new("/nosuch"), None);
        target.board = Some(sample::BOARD.into());
        let facts = image::look(&mut Cursor::new(&image), sample::ERASE as u32).unwrap();
        let overrides = Overrides {
            no_settings: true,
            ..Overrides::default()
        };
        let checked = image::check(facts, &target, &overrides).unwrap();
        let memory = Memory {
            available: 32 << 20,
            program: 2 << 20,
        };
        let plan = plan(checked, Settings::Dropped, memory).unwrap();
        write(&plan, &mut Cursor::new(&image), None, &mut sys, &mut |_| {}).unwrap();
        assert_eq!(contents(&sys, "firmware")[..bytes.len()], bytes);
    }

    #[test]
    fn what_nothing_here_can_write_is_refused_by_the_plan() {
        let bytes = sample::whole(&sample::ubi(6));
        let mut sys = FakeSystem::with_ubi();
        let mut target = device::look(&mut sys, Path::new("/nosuch"), None);
        target.board = Some(sample::BOARD.into());
        let facts = image::look(&mut Cursor::new(&bytes), sample::ERASE as u32).unwrap();
        let image = image::check(facts, &target, &Overrides::default()).unwrap();
        let memory = Memory {
            available: 32 << 20,
            program: 2 << 20,
        };
        let error = plan(image, Settings::Dropped, memory).unwrap_err();
        assert!(
            error.to_string().contains("nothing here can write it"),
            "{error}"
        );
    }

    #[test]
    fn the_plan_for_programs_says_what_goes_where_and_which_settings_are_kept() {
        let (bytes, archive) = (sample::image(5000), vec![9; 3000]);
        let json = planned(&bytes, Some(&archive))
            .unwrap()
            .report()
            .to_string();
        for part in [
            r#"{"valid":true,"#,
            r#""format":"uImage","#,
            r#""checksum":"right""#,
            r#""boards":["safebox,lab"]"#,
            r#""settings":{"length":3000,"from":"the overlay","offset":12288}}"#,
        ] {
            assert!(json.contains(part), "{part}: {json}");
        }
    }

    /// A board with two slots, which runs from the first.
    fn with_slots() -> (FakeSystem, image::Target) {
        let chip = Chip::new(FlashKind::Nor, 32 * sample::ERASE, sample::ERASE as u32, 1);
        let half = 16 * sample::ERASE as u64;
        let slots = [("firmware", 0, half), ("firmware2", half, half)];
        let mut sys = FakeSystem::new(chip, sample::ERASE as u32, &slots);
        sys.flash("firmware")
            .unwrap()
            .fill(0, &sample::kernel(3000));
        let mut target = device::look(&mut sys, Path::new("/nosuch"), None);
        target.board = Some(sample::BOARD.into());
        device::use_slot(&mut target, &mut sys, "firmware2");
        (sys, target)
    }

    #[test]
    fn the_slot_that_runs_is_whole_wherever_the_power_is_cut() {
        let (bytes, archive) = (sample::image(5000), vec![9; 3000]);
        let (mut sys, target) = with_slots();
        let facts = image::look(&mut Cursor::new(&bytes), sample::ERASE as u32).unwrap();
        let checked = image::check(facts, &target, &Overrides::default()).unwrap();
        let memory = Memory {
            available: 32 << 20,
            program: 2 << 20,
        };
        let plan = plan(checked, Settings::Dropped, memory).unwrap();
        assert!(plan.to_string().contains("\"firmware2\""), "{plan}");
        let before = contents(&sys, "firmware");
        run(&mut sys, &plan, &bytes, &archive).unwrap();
        assert!(contents(&sys, "firmware2").starts_with(&bytes[..3 * sample::ERASE]));
        assert!(contents(&sys, "firmware") == before);
        for cut in 0..sys.power.steps() {
            let (mut sys, _) = with_slots();
            sys.power.cut_after(cut, cut % 2 == 0);
            let error = run(&mut sys, &plan, &bytes, &archive).unwrap_err();
            sys.power.on();
            assert!([REFUSED, WHOLE].contains(&error.exit()), "{error}");
            assert!(contents(&sys, "firmware") == before, "cut after {cut}");
        }
        let (mut sys, mut target) = with_slots();
        device::use_slot(&mut target, &mut sys, "third");
        let why = target.place.unwrap_err();
        assert!(why.contains("third: no such partition"), "{why}");
    }

    #[test]
    fn power_lost_at_any_step_leaves_all_or_nothing_that_boots() {
        let (bytes, archive) = (sample::image(5000), vec![9; 3000]);
        let plan = planned(&bytes, Some(&archive)).unwrap();
        let mut whole = FakeSystem::router();
        run(&mut whole, &plan, &bytes, &archive).unwrap();
        let expected = contents(&whole, "firmware");
        let steps = whole.power.steps();
        assert!(steps > 10);
        // One byte of the root file system is another in the second, all else is the same.
        let mut similar = expected.clone();
        similar[sample::ERASE + 100] ^= 1;
        assert!(boots(&similar));
        for old in [sample::kernel(3000), similar] {
            for (cut, torn) in (0..steps).flat_map(|cut| [(cut, false), (cut, true)]) {
                let mut sys = FakeSystem::router();
                sys.flash("firmware").unwrap().fill(0, &old);
                let before = contents(&sys, "firmware");
                sys.power.cut_after(cut, torn);
                let error = run(&mut sys, &plan, &bytes, &archive);
                sys.power.on();
                let after = contents(&sys, "firmware");
                assert!(error.is_err() || after == expected);
                let fine = after == expected || after == before || !boots(&after);
                assert!(fine, "cut after {cut}, torn {torn}");
            }
        }
    }

    #[test]
    fn a_file_that_changed_after_the_check_never_boots() {
        let (bytes, archive) = (sample::image(5000), vec![9; 3000]);
        let plan = planned(&bytes, Some(&archive)).unwrap();
        let mut changed = bytes.clone();
        changed[6000] ^= 1;
        for wrong in [&changed[..], &bytes[..7000]] {
            let mut sys = FakeSystem::router();
            let before = contents(&sys, "firmware");
            let error = run(&mut sys, &plan, wrong, &archive).unwrap_err();
            let after = contents(&sys, "firmware");
            let exit = if after == before { REFUSED } else { BROKEN };
            assert_eq!(error.exit(), exit, "{error}");
            assert!(!boots(&after));
        }
    }

    #[test]
    fn settings_that_leave_no_room_to_work_are_refused_by_the_plan() {
        let bytes = sample::image(5000);
        assert!(planned(&bytes, Some(&[0; 12_000])).is_ok());
        let error = planned(&bytes, Some(&[0; 40_000])).unwrap_err();
        assert!(matches!(error, Error::NoRoom { .. }), "{error}");
    }

    #[test]
    fn the_estimate_of_the_plan_is_never_less_than_the_settings_need() {
        for length in (0..30_000).step_by(487) {
            let archive = vec![0; length];
            let bytes = sample::image(2000);
            let Ok(plan) = planned(&bytes, Some(&archive)) else {
                continue;
            };
            let mut sys = FakeSystem::router();
            run(&mut sys, &plan, &bytes, &archive).unwrap();
        }
    }
}
