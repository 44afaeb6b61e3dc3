//! The languages that pages speak.

use serde::{Serialize, Serializer};

/// The language of a page. Chinese is the first. As a value of a page it is written as its [tag](Lang::tag).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Lang {
    /// 中文
    #[default]
    Zh,
    /// English
    En,
}

impl Lang {
    /// Every language.
    pub const ALL: [Lang; 2] = [Lang::Zh, Lang::En];

    /// The value of `?lang=` and of the cookie that keeps it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Lang::Zh => "zh",
            Lang::En => "en",
        }
    }

    /// Reads `?lang=` or the cookie; `None` for any other text.
    pub fn from_word(word: &str) -> Option<Lang> {
        Lang::ALL.into_iter().find(|lang| lang.as_str() == word)
    }

    /// The other language, for the switch in the page's head.
    pub const fn other(self) -> Lang {
        match self {
            Lang::Zh => Lang::En,
            Lang::En => Lang::Zh,
        }
    }

    /// The `lang` attribute (BCP 47).
    pub const fn tag(self) -> &'static str {
        match self {
            Lang::Zh => "zh-CN",
            Lang::En => "en",
        }
    }
}

impl Serialize for Lang {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.tag())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_language_is_read_by_its_word_and_has_another() {
        for lang in Lang::ALL {
            assert_eq!(Lang::from_word(lang.as_str()), Some(lang));
            assert!(lang.other() != lang && lang.other().other() == lang);
        }
        assert_eq!(Lang::from_word("ZH"), None);
        assert_eq!(Lang::default(), Lang::Zh);
    }
}
