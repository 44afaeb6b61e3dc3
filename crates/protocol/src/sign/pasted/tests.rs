use super::*;

macro_rules! sample {
    ($name:literal) => {
        include_str!(concat!("../../../tests/keys/", $name, ".pem"))
    };
}

const MD5: &str = "k0k1k2k3k4k5k6k7k8k9kakbkckdkekf";

/// In one line: what it is, how written, how wrapped, what stuck to it; or what is wrong.
fn said(pasted: &[u8]) -> String {
    match examine(pasted) {
        Ok(found) => {
            format!("{} | {} | {} | {:?}", found.key, found.form, found.wrapping, found.stuck)
        }
        Err(error) => {
            assert!(!error.advice().is_empty() && !error.to_string().is_empty());
            error.code().to_owned()
        }
    }
}

fn body(pem: &str) -> String {
    pem.lines().filter(|line| !line.starts_with('-')).collect::<Vec<_>>().join("\n")
}

#[test]
fn every_form_of_a_key_is_named() {
    let spki = "SubjectPublicKeyInfo (X.509)";
    for (pem, expected) in [
        (sample!("rsa-pkcs1"), "RSA private key, 1024 bits | PKCS#1 | PEM | []".to_owned()),
        (sample!("rsa-pkcs8"), "RSA private key, 1024 bits | PKCS#8 | PEM | []".to_owned()),
        (sample!("rsa-public"), format!("RSA public key, 1024 bits | {spki} | PEM | []")),
        (sample!("rsa-public-pkcs1"), "RSA public key, 1024 bits | PKCS#1 | PEM | []".to_owned()),
        (sample!("dsa-pkcs8"), "DSA private key, 1024 bits | PKCS#8 | PEM | []".to_owned()),
        (sample!("dsa-openssl"), "DSA private key, 1024 bits | OpenSSL's own DSA form | PEM | []".to_owned()),
        (sample!("dsa-public"), format!("DSA public key, 1024 bits | {spki} | PEM | []")),
        (MD5, "MD5 key, 32 characters | plain text | nothing around it | []".to_owned()),
    ] {
        assert_eq!(said(pem.as_bytes()), expected, "{pem}");
    }
}

#[test]
fn what_is_not_a_usable_key_is_named_too() {
    let pkcs8 = sample!("rsa-pkcs8");
    let cut = &pkcs8[..pkcs8.len() / 2];
    for (pasted, expected) in [
        ("", "empty"),
        (" \r\n\t", "empty"),
        ("\u{feff}", "empty"),
        ("2088000000000001", "partner"),
        ("k0k1k2k3k4k5k6k7k8k9kakbkckdkek", "md5_length"),
        ("k0k1k2k3k4k5k6k7k8k9kakbkckdkekff", "md5_length"),
        ("k0k1k2k3k4k5k6k7k8k9kakbkckdke-f", "md5_characters"),
        ("not a key at all, just a sentence", "unknown"),
        (
            "{\"key\": \"k0k1k2k3k4k5k6k7k8k9kakbkckdkekf\", \"and\": \"much more of a configuration file\"}",
            "unknown",
        ),
        (sample!("rsa-locked"), "encrypted"),
        (sample!("rsa-locked-pkcs1"), "encrypted"),
        (sample!("rsa-short"), "too_short"),
        (sample!("rsa-short-public"), "too_short"),
        (sample!("dsa-parameters"), "parameters_only"),
        (sample!("ec-pkcs8"), "other_algorithm"),
        (sample!("ec-sec1"), "other_algorithm"),
        (sample!("ec-public"), "other_algorithm"),
        (sample!("certificate"), "certificate"),
        (sample!("certificate-request"), "certificate"),
        ("ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAAgQC7 somebody@example", "ssh"),
        ("-----BEGIN OPENSSH PRIVATE KEY-----\nb3Blbg==\n-----END OPENSSH PRIVATE KEY-----\n", "ssh"),
        ("-----BEGIN PUBLIC KEY-----", "truncated"),
        ("-----BEGIN PUBLIC KEY", "truncated"),
        ("-----BEGIN PUBLIC KEY-----\n“MIGf”\n-----END PUBLIC KEY-----", "not_base64"),
        (cut, "truncated"),
    ] {
        assert_eq!(said(pasted.as_bytes()), expected, "{pasted}");
    }
    for (pem, expected) in [
        (sample!("rsa-locked"), "encrypted"),
        (sample!("certificate"), "certificate"),
        (sample!("certificate-request"), "certificate"),
        (sample!("dsa-parameters"), "parameters_only"),
        (sample!("ec-sec1"), "unknown"),
    ] {
        assert_eq!(said(body(pem).as_bytes()), expected, "without the lines around it: {pem}");
    }
}

#[test]
fn what_stuck_to_a_key_is_named_and_does_not_spoil_it() {
    let public = sample!("rsa-public");
    let clean = examine(public.as_bytes()).unwrap().key;
    for (pasted, stuck) in [
        (format!("\u{feff}{public}"), vec![Stuck::Bom]),
        (public.replace('\n', "\r\n"), vec![Stuck::Crlf]),
        (public.replace('\n', "\\n"), vec![Stuck::EscapedLineEnds]),
        (public.replace('\n', " "), vec![Stuck::Blanks]),
        (public.replace('\n', "\n  "), vec![Stuck::Blanks]),
        (public.replace("PUBLIC KEY", "RSA PUBLIC KEY"), vec![Stuck::WrongLabel]),
        (public.replace("PUBLIC KEY", "PRIVATE KEY"), vec![Stuck::WrongLabel]),
        (public.split("-----END").next().unwrap().to_owned(), vec![Stuck::NoEnd]),
        (body(public), vec![]),
        (body(public).replace('\n', ""), vec![]),
        (body(public).replace('\n', " "), vec![Stuck::Blanks]),
        (format!("My key:\n{public}Regards"), vec![]),
    ] {
        let found = examine(pasted.as_bytes()).unwrap();
        assert_eq!((&found.key, found.stuck), (&clean, stuck), "{pasted}");
    }
    for pasted in [
        format!(" {MD5}"),
        format!("{MD5}\t"),
        format!("{MD5}\r\n "),
        format!("{}\n{}", &MD5[..9], &MD5[9..]),
    ] {
        let found = examine(pasted.as_bytes()).unwrap();
        assert_eq!(found.key, Key::Md5(Md5Key::new(MD5)), "{pasted:?}");
        assert!(found.stuck.contains(&Stuck::Blanks), "{pasted:?}");
    }
    assert_eq!(examine(format!("{MD5}\n").as_bytes()).unwrap().stuck, []);
}

#[test]
fn a_file_of_bytes_is_read_as_well() {
    let der = crate::sign::base64::decode(body(sample!("rsa-public")).as_bytes()).unwrap();
    assert_eq!(examine(&der).unwrap().wrapping, Wrapping::Der);
    assert_eq!(said(&der[..der.len() - 1]), "truncated");
    assert_eq!(said(b"\xff\xfe\x00"), "unknown");
}

#[test]
fn a_key_reads_back_from_what_it_reveals_and_its_halves_are_of_one_fingerprint() {
    for (private, public) in
        [(sample!("rsa-pkcs1"), sample!("rsa-public")), (sample!("dsa-openssl"), sample!("dsa-public"))]
    {
        let [private, public] = [private, public].map(|pem| examine(pem.as_bytes()).unwrap().key);
        assert_eq!(private.fingerprint(), public.fingerprint());
        assert_eq!(private.fingerprint().len(), 16);
        for key in [private, public] {
            assert_eq!(examine(key.reveal().as_bytes()).unwrap().key, key);
        }
    }
}

#[test]
fn a_key_signs_and_verifies_for_its_own_kinds_alone() {
    let kinds = |key: &Key| {
        let of = |can: &dyn Fn(SignType) -> bool| {
            SignType::ALL
                .iter()
                .filter(|kind| can(**kind))
                .map(|kind| kind.as_str())
                .collect::<Vec<_>>()
                .join(" ")
        };
        (of(&|kind| key.signer(kind).is_some()), of(&|kind| key.verifier(kind).is_some()))
    };
    for (pasted, signs, verifies) in [
        (MD5, "MD5", "MD5"),
        (sample!("rsa-pkcs8"), "RSA RSA2", "RSA RSA2"),
        (sample!("rsa-public"), "", "RSA RSA2"),
        (sample!("dsa-pkcs8"), "DSA", "DSA"),
        (sample!("dsa-public"), "", "DSA"),
    ] {
        let key = examine(pasted.as_bytes()).unwrap().key;
        assert_eq!(kinds(&key), (signs.to_owned(), verifies.to_owned()), "{key}");
    }
}

#[test]
fn no_pasted_bytes_whatever_make_it_panic() {
    for pem in [sample!("rsa-pkcs8"), sample!("rsa-public"), sample!("dsa-public"), sample!("dsa-openssl")] {
        let der = crate::sign::base64::decode(body(pem).as_bytes()).unwrap();
        for at in 0..der.len() {
            let mut altered = der.clone();
            for flipped in [0x01, 0x80, 0xff] {
                altered[at] = der[at] ^ flipped;
                let _ = super::der::read(&altered);
            }
            let _ = super::der::read(&der[..at]);
        }
    }
}
