//! The mistakes that people make when they sign, each with a word for programs and the place where the rule stands.

/// Where a rule can be read up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Source {
    /// The section of protocol.md, such as `2.1`.
    pub protocol: &'static str,
    /// The step of the tutorials' check-list for orders that are not updated (4.2, in direct pay 5.2, in quick login
    /// 8.2), such as `1 A`; empty if it has none.
    pub tutorial: &'static str,
}

macro_rules! mistakes {
    ($($(#[$doc:meta])* $name:ident = $code:literal, $protocol:literal, $tutorial:literal;)*) => {
        /// What somebody did to the parameters, the text, the key or the digest.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Kind { $($(#[$doc])* $name,)* }

        impl Kind {
            /// All of them.
            pub const ALL: &'static [Kind] = &[$(Kind::$name),*];

            /// A word for programs, such as `sign_type_signed`; the key of its words in the text files.
            pub const fn code(self) -> &'static str {
                match self { $(Kind::$name => $code),* }
            }

            /// Where the rule stands that it breaks.
            pub const fn source(self) -> Source {
                match self { $(Kind::$name => Source { protocol: $protocol, tutorial: $tutorial }),* }
            }
        }
    };
}

mistakes! {
    /// `sign_type` is a part of the signed text.
    SignTypeSigned = "sign_type_signed", "2.1", "";
    /// `sign` itself, with its value or empty, is a part of the signed text.
    SignSigned = "sign_signed", "2.1", "";
    /// Parameters whose value is zero are taken for empty and left out.
    ZeroUnsigned = "zero_unsigned", "2.1", "";
    /// The parameters were signed under other names than they were sent under.
    NameAltered = "name_altered", "2.1", "3 A";
    /// Parameters without a value are a part of the signed text.
    EmptySigned = "empty_signed", "2.1", "";
    /// `_input_charset` is sent and not signed.
    CharsetUnsigned = "charset_unsigned", "2.3", "1 D";
    /// `_input_charset` is signed and not sent.
    CharsetNotSent = "charset_not_sent", "1.4", "1 D";
    /// The key was signed as if it were a parameter.
    KeyAmongParameters = "key_among_parameters", "2.1", "";
    /// The merchant's own parameters stand in the query of a page that the gateway calls.
    OwnParameters = "own_parameters", "2.3", "1 C";
    /// A parameter was sent that was not signed.
    ParameterAdded = "parameter_added", "2.1", "3 A";
    /// A parameter was signed that was not sent, or was lost.
    ParameterDropped = "parameter_dropped", "2.1", "3 A";
    /// One value was changed between signing and sending.
    ValueAltered = "value_altered", "2.1", "3 A";
    /// Two values stand in each other's place.
    ValuesSwapped = "values_swapped", "2.1", "3 A";
    /// An amount was written in another way when it was signed.
    NumberRewritten = "number_rewritten", "3.5", "3 A";
    /// One name came several times.
    RepeatedName = "repeated_name", "1.3", "1 C";
    /// The separators of the address were HTML-escaped: `&amp;`.
    AmpersandEscaped = "ampersand_escaped", "1.2", "";
    /// The browser took `&not` of `&notify_url` for a character.
    EntityInName = "entity_in_name", "1.2", "";
    /// A value with a `&` of its own was sent without percent-encoding.
    AmpersandInValue = "ampersand_in_value", "1.4", "1 C";
    /// A value with a `+` of its own was sent without percent-encoding.
    PlusInValue = "plus_in_value", "1.4", "";
    /// A value with a `#` of its own was sent without percent-encoding, and the address ends there.
    FragmentInValue = "fragment_in_value", "1.4", "";
    /// The values were percent-encoded before signing.
    PercentEncoded = "percent_encoded", "2.1", "";
    /// The values were percent-encoded twice before signing.
    PercentEncodedTwice = "percent_encoded_twice", "2.1", "";
    /// The values were percent-encoded twice on their way, or once more decoded before the check.
    DecodedAgain = "decoded_again", "1.4", "";
    /// A blank and `+` or `%20` were mixed up.
    BlankForm = "blank_form", "1.4", "";
    /// The values were HTML-escaped before signing, or the sent ones were.
    HtmlEscaped = "html_escaped", "1.2", "";
    /// The values were HTML-escaped on their way.
    HtmlUnescaped = "html_unescaped", "1.2", "";
    /// Backslashes were put before quotes.
    SlashesAdded = "slashes_added", "2.1", "";
    /// Backslashes were taken out.
    SlashesStripped = "slashes_stripped", "2.1", "";
    /// The values were signed with the escapes of JSON.
    JsonEscaped = "json_escaped", "2.1", "";
    /// Blanks at the ends of values were cut off.
    Trimmed = "trimmed", "2.1", "1 A";
    /// Line ends were rewritten.
    LineEnds = "line_ends", "2.1", "";
    /// The letter case of the text was changed.
    LetterCase = "letter_case", "2.1", "";
    /// The text was signed in another charset than it was sent in.
    WrongCharset = "wrong_charset", "1.4", "1 D";
    /// The charset has no code for some characters, and something else was signed for them.
    Unmappable = "unmappable", "1.4", "1 D";
    /// The bytes were read in a charset that they are not in.
    Misread = "misread", "1.4", "1 D";
    /// The parameters were not sorted.
    Unsorted = "unsorted", "2.1", "";
    /// The parameters were sorted by another rule.
    WrongSort = "wrong_sort", "2.1", "";
    /// One parameter stands at an end, and the others are sorted.
    OutOfPlace = "out_of_place", "2.1", "";
    /// A `&` stands at an end of the text.
    OuterAmpersand = "outer_ampersand", "2.1", "";
    /// The pairs are joined by something else than `&` and `=`.
    WrongJoin = "wrong_join", "2.1", "";
    /// The values stand in quotes.
    Quoted = "quoted", "2.1", "";
    /// Values alone were signed, without their names.
    NamesLeftOut = "names_left_out", "2.1", "";
    /// The whole text was percent-encoded.
    TextEncoded = "text_encoded", "2.1", "";
    /// A line end or a byte order mark stands at an end of the text.
    TextPadded = "text_padded", "2.1", "1 F";
    /// The key was used with blanks.
    KeyBlank = "key_blank", "2.1", "1 A";
    /// The key was used with a line end.
    KeyLineEnd = "key_line_end", "2.1", "1 A";
    /// The key was used with a byte order mark.
    KeyBom = "key_bom", "2.1", "1 A";
    /// The key given here has something around it that the signing side does not use.
    KeyGivenPadded = "key_given_padded", "2.1", "1 A";
    /// The partner's number was used as key.
    KeyIsPartner = "key_is_partner", "2.1", "1 A";
    /// The key was used with its quotes.
    KeyQuoted = "key_quoted", "2.1", "1 A";
    /// The key was used in another letter case.
    KeyCase = "key_case", "2.1", "1 A";
    /// The key was used with a character missing.
    KeyCut = "key_cut", "2.1", "1 A";
    /// The key was typed, with a character that looks like the right one.
    KeyTyped = "key_typed", "2.1", "1 A";
    /// No key was used.
    KeyMissing = "key_missing", "2.1", "1 A";
    /// The key's own digest was used for it.
    KeyHashed = "key_hashed", "2.1", "1 A";
    /// The key stands before the text.
    KeyBefore = "key_before", "2.1", "";
    /// Something stands between text and key.
    KeySeparated = "key_separated", "2.1", "";
    /// The shared key was appended to a text that is signed with a private key.
    KeyAppended = "key_appended", "2.2", "";
    /// The digest was made with another algorithm.
    OtherDigest = "other_digest", "2.2", "";
    /// The digest was written in another way than as 32 hexadecimal digits.
    DigestForm = "digest_form", "2.1", "";
    /// The digest is in upper case.
    DigestUpperCase = "digest_upper_case", "2.1", "";
    /// Something stuck to the signature, or was lost of it, on its way.
    SignMangled = "sign_mangled", "2.2", "";
    /// `sign_type` names another kind of signature.
    SignTypeWrong = "sign_type_wrong", "2.3", "";
}

/// A mistake, and what it happened to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake {
    /// Which.
    pub kind: Kind,
    /// The parameter, the charset, the digest or the characters concerned, for people; empty if there is none. Never
    /// a key.
    pub about: String,
}

impl Mistake {
    pub(crate) fn new(kind: Kind) -> Mistake {
        Mistake { kind, about: String::new() }
    }

    pub(crate) fn about(kind: Kind, about: impl Into<String>) -> Mistake {
        Mistake { kind, about: about.into() }
    }
}
