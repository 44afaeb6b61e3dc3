//! Bytes as people look at them when something invisible is among them.

use std::fmt::Write;

/// No more bytes are shown.
pub const SHOWN_MAX: usize = 96;
const ROW: usize = 16;

/// Lines of offset, sixteen bytes in hexadecimal, and the same as ASCII with a point for what is not; at most
/// [`SHOWN_MAX`] bytes, and then how many more there are.
pub fn dump(bytes: &[u8]) -> Vec<String> {
    let shown = bytes.get(..SHOWN_MAX).unwrap_or(bytes);
    let mut lines: Vec<String> = shown.chunks(ROW).zip((0..).step_by(ROW)).map(row).collect();
    if bytes.len() > SHOWN_MAX {
        lines.push(format!("... +{}", bytes.len() - SHOWN_MAX));
    }
    lines
}

fn row((bytes, offset): (&[u8], usize)) -> String {
    let mut line = format!("{offset:04x} ");
    for place in 0..ROW {
        // Writing to a String cannot fail.
        let _ = match bytes.get(place) {
            Some(byte) => write!(line, " {byte:02x}"),
            None => write!(line, "   "),
        };
    }
    let ascii = bytes.iter().map(|&byte| if (0x20..0x7F).contains(&byte) { char::from(byte) } else { '.' });
    line.push_str("  ");
    line.extend(ascii);
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_byte_order_mark_and_a_line_end_can_be_seen() {
        let lines = dump(b"\xEF\xBB\xBFsuccess\r\n");
        assert_eq!(lines, ["0000  ef bb bf 73 75 63 63 65 73 73 0d 0a              ...success.."]);
    }

    #[test]
    fn a_long_page_is_cut_and_says_so() {
        let lines = dump(&[b'a'; 100]);
        assert_eq!(lines.len(), 7);
        assert_eq!(lines[6], "... +4");
        assert_eq!(dump(b""), Vec::<String>::new());
    }
}
