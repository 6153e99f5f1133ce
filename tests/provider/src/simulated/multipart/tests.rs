//! Forms, whole and broken.

use super::*;

/// A form's parts are found, with bytes as they were; what is broken is no form.
#[test]
fn forms() {
    let form = b"--x\r\nContent-Disposition: form-data; name=\"purpose\"\r\n\r\nbatch\r\n--x\r\n\
        content-disposition: form-data; name=\"file\"; filename=\"a.jsonl\"\r\nContent-Type: text/plain\r\n\r\n\
        {}\r\n--y\n\r\n--x--\r\n";
    let seen = parts("multipart/form-data; boundary=\"x\"", form).unwrap();
    let part = |name: &str, file_name: Option<&str>, bytes| Part {
        name: name.to_owned(),
        file_name: file_name.map(str::to_owned),
        bytes,
    };
    let wanted = [part("purpose", None, b"batch".as_slice()), part("file", Some("a.jsonl"), b"{}\r\n--y\n")];
    assert_eq!(seen, wanted);
    assert_eq!(parts("multipart/form-data; boundary=x", b"--x--"), Some(vec![]));
    for (content_type, body) in [
        ("application/json", form.as_slice()),
        ("multipart/form-data", form),
        ("multipart/form-data; boundary=z", form),
        ("multipart/form-data; boundary=x", &form[..60]),
        ("multipart/form-data; boundary=x", b""),
        ("multipart/form-data; boundary=x", b"--x\r\n\r\n\r\n--x--"),
    ] {
        assert_eq!(parts(content_type, body), None, "{content_type}");
    }
}
