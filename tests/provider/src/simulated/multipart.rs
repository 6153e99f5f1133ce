//! Forms of several parts (RFC 7578), as far as clients upload files with them.

/// One part.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Part<'a> {
    pub(crate) name: String,
    pub(crate) file_name: Option<String>,
    pub(crate) bytes: &'a [u8],
}

/// Most parts: a file and what it is for, and some that nobody knows.
const PARTS_MAX: usize = 16;

/// Takes a form apart; `None` if it is none.
pub(crate) fn parts<'a>(content_type: &str, body: &'a [u8]) -> Option<Vec<Part<'a>>> {
    let boundary = parameter(content_type, "boundary").filter(|_| content_type.starts_with("multipart/"))?;
    let mark = format!("--{boundary}").into_bytes();
    let mut rest = &body[find(body, &mark)? + mark.len()..];
    let mut parts = Vec::new();
    let inner = [b"\r\n".as_slice(), &mark].concat();
    while !rest.starts_with(b"--") {
        rest = rest.strip_prefix(b"\r\n")?;
        let end = find(rest, &inner).filter(|_| parts.len() < PARTS_MAX)?;
        parts.push(part(&rest[..end])?);
        rest = &rest[end + inner.len()..];
    }
    Some(parts)
}

fn part(bytes: &[u8]) -> Option<Part<'_>> {
    let end = find(bytes, b"\r\n\r\n")?;
    let head = std::str::from_utf8(&bytes[..end]).ok()?;
    let is_disposition = |line: &&str| line.to_ascii_lowercase().starts_with("content-disposition:");
    let disposition = head.split("\r\n").find(is_disposition)?;
    let name = parameter(disposition, "name")?;
    Some(Part { name, file_name: parameter(disposition, "filename"), bytes: &bytes[end + 4..] })
}

/// A header's parameter, without its quotes.
fn parameter(header: &str, name: &str) -> Option<String> {
    let fits = |text: &&str| text.trim_start().to_ascii_lowercase().starts_with(&format!("{name}="));
    let (_, value) = header.split(';').skip(1).find(fits)?.split_once('=')?;
    Some(value.trim().trim_matches('"').to_owned())
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|window| window == wanted)
}

#[cfg(test)]
mod tests;
