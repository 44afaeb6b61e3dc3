//! An explanation as JSON.

use danbao_explain::message::{Kind, Message};
use danbao_explain::mistake::Mistake;
use danbao_explain::{Explanation, Judgement, Verdict};
use danbao_protocol::charset::Charset;
use serde_json::{Value, json};

use super::words::Words;

pub(in crate::commands) fn explanation(explained: &Explanation, words: &Words) -> Value {
    let message = &explained.message;
    let parameters: Vec<Value> = message
        .pairs
        .iter()
        .map(|pair| json!({ "name": shown(message, &pair.name), "value": shown(message, &pair.value) }))
        .collect();
    let own: Vec<String> = message.own_names().into_iter().map(|name| shown(message, name)).collect();
    let kind = message.kind();
    json!({
        "form": message.form.code(),
        "kind": kind.code(),
        "service": if let Kind::Request(service) = &kind { Some(service) } else { None },
        "charset": {
            "declared": message.declared_charset().map(Charset::label),
            "bytes": message.readable().code(),
        },
        "parameters": parameters,
        "own_parameters": own,
        "text": shown(message, &explained.text),
        "text_hex": hex(&explained.text),
        "expected": explained.expected,
        "sign": judgement(message, &explained.sign, words),
        "mysign": explained.mysign.as_ref().map(|mine| judgement(message, mine, words)),
        "response_txt": message.response_txt,
        "right": explained.is_right(),
        "tried": explained.tried,
    })
}

fn judgement(message: &Message, judged: &Judgement, words: &Words) -> Value {
    let mut value = json!({
        "claimed": String::from_utf8_lossy(&judged.claimed),
        "verdict": verdict(&judged.verdict),
    });
    match &judged.verdict {
        Verdict::Mistaken(finding) => {
            value["mistakes"] = finding.mistakes.iter().map(|found| mistake(found, words)).collect();
            value["signed_text"] = shown(message, &finding.text).into();
            value["signed_text_hex"] = hex(&finding.text).into();
            value["forgiven"] = finding.is_forgiven.into();
        }
        Verdict::Unexplained(checks) => {
            let check =
                |check: &danbao_explain::Check| json!({ "code": check.code(), "what": words.check(*check) });
            value["checks"] = checks.iter().map(check).collect();
        }
        Verdict::Right | Verdict::Unsigned | Verdict::NoKey => {}
    }
    value
}

/// A word for programs.
pub(in crate::commands) fn verdict(verdict: &Verdict) -> &'static str {
    match verdict {
        Verdict::Right => "right",
        Verdict::Mistaken(_) => "mistaken",
        Verdict::Unexplained(_) => "unexplained",
        Verdict::Unsigned => "unsigned",
        Verdict::NoKey => "no_key",
    }
}

pub(in crate::commands) fn mistake(mistake: &Mistake, words: &Words) -> Value {
    let source = mistake.kind.source();
    json!({
        "code": mistake.kind.code(),
        "about": mistake.about,
        "what": words.what(mistake),
        "cure": words.cure(mistake),
        "source": { "protocol": source.protocol, "tutorial_step": source.tutorial },
    })
}

/// Bytes as text in the charset of the message, or in the other one; what is in neither is replaced.
pub(super) fn shown(message: &Message, bytes: &[u8]) -> String {
    let readings = [message.charset(), Charset::Utf8, Charset::Gbk];
    match readings.iter().find_map(|charset| charset.decode(bytes).ok()) {
        Some(text) => text.into_owned(),
        None => String::from_utf8_lossy(bytes).into_owned(),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
