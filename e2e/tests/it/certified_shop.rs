//! `danbao certify` against a shop in another language that has nothing of ours: `e2e/python/certified_shop.py`, written
//! after docs/certify.md alone.

use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use serde_json::Value;

use crate::requirement;

const PARTNER: &str = "2088000000000001";
const SELLER_EMAIL: &str = "seller@shop.example";

/// A shop that runs, until it is dropped.
struct Shop {
    child: Child,
    url: String,
    gateway: String,
}

impl Shop {
    fn start(python: &Path, key_file: &Path, how: &[&str]) -> Shop {
        // A port that nobody listens on: the shop must know it before the certifier listens there.
        let gateway = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
        let mut command = Command::new(python);
        command.arg(requirement::workspace().join("e2e/python/certified_shop.py"));
        command.args([&format!("http://{gateway}"), PARTNER]).arg(key_file).arg(SELLER_EMAIL).args(how);
        command.env("NO_PROXY", "*").env("PYTHONDONTWRITEBYTECODE", "1");
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
        let mut url = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut url).unwrap();
        Shop { child, url: url.trim().to_owned(), gateway }
    }

    fn certify(&self, key_file: &Path) -> Output {
        let mut command = Command::new(requirement::binary());
        command.args(["certify", "--json", "--target", &self.url, "--listen", &self.gateway]);
        command.args(["--partner", PARTNER, "--seller-email", SELLER_EMAIL]).arg("--key-file").arg(key_file);
        command.output().unwrap()
    }
}

impl Drop for Shop {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn a_shop_in_another_language_passes_and_a_careless_one_does_not() {
    let python = requirement::program(&["python3", "python"]);
    let Some(python) = requirement::need(python, "Python 3") else { return };
    let home = tempfile::tempdir().unwrap();
    let key_file = home.path().join("key.txt");
    std::fs::write(&key_file, "k0k1k2k3k4k5k6k7k8k9kakbkckdkekf\n").unwrap();
    let failed = |how: &[&str]| -> (Option<i32>, Vec<String>) {
        let done = Shop::start(&python, &key_file, how).certify(&key_file);
        let report: Value = serde_json::from_slice(&done.stdout)
            .unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&done.stderr)));
        let all = report["scenarios"].as_array().unwrap();
        let failed = all.iter().filter(|one| one["passed"] == false);
        (done.status.code(), failed.map(|one| one["id"].as_str().unwrap().to_owned()).collect())
    };
    assert_eq!(failed(&[]), (Some(0), Vec::new()));
    let (code, rows) = failed(&["careless"]);
    assert_eq!(code, Some(1));
    for row in ["a_notification_whose_id_the_gateway_does_not_know", "a_return_without_an_id"] {
        assert!(rows.iter().any(|failed| failed == row), "{rows:?}");
    }
    assert!(!rows.iter().any(|failed| failed == "a_notification_signed_with_another_key"), "{rows:?}");
}
