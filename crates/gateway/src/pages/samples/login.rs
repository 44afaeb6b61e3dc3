//! Samples of the address book, and of the pages on which a buyer signs in for a merchant.

use super::*;

fn book() -> Vec<BookEntry> {
    let entry =
        |id, lacks_region| BookEntry { id, address: address(usize::from(lacks_region)), lacks_region };
    vec![entry(7, false), entry(9, true)]
}

fn book_form(is_complete: bool) -> BookForm {
    let option = |code: &str, name, chosen| RegionOption { code: code.into(), name, chosen };
    let provinces = vec![option("330000", "浙江省", true), option("310000", "上海", false)];
    let cities = vec![option("330100", "杭州市", true), option("330200", "宁波市", false)];
    let areas = vec![option("330106", "西湖区", is_complete), option("330110", "余杭区", false)];
    let region = RegionChoice { provinces, cities, areas, is_complete };
    let entry =
        AddressEntry {
            name: "李雷".into(), address: "文三路 477 号".into(), ..AddressEntry::default()
        };
    BookForm { id: is_complete.then_some(7), entry, region }
}

impl Sampled for Addresses {
    fn samples() -> Vec<(&'static str, Self)> {
        let error = FormError::at("receive_mobile", Message::AddressIncomplete);
        let entering = Addresses { book: book(), form: book_form(false), error: Some(error) };
        let changing = Addresses { book: book(), form: book_form(true), error: None };
        vec![("empty", Addresses::default()), ("entering", entering), ("changing", changing)]
    }
}

impl Sampled for AddressChoice {
    fn samples() -> Vec<(&'static str, Self)> {
        let choice = AddressChoice {
            id: ID.into(),
            merchant: "竹里小铺".into(),
            account: "buyer@example.com".into(),
            book: book(),
            chosen: Some(7),
            can_change_account: true,
            error: None,
        };
        let error = Some(FormError::whole(Message::AddressNotChosen));
        let by_token = AddressChoice { chosen: None, can_change_account: false, error, ..choice.clone() };
        vec![("choice", choice), ("by_token", by_token)]
    }
}

impl Sampled for AddressForm {
    fn samples() -> Vec<(&'static str, Self)> {
        let error = Some(FormError::at("region_3", Message::RegionIncomplete));
        let first = AddressForm { id: ID.into(), form: book_form(false), has_book: false, error };
        let change = AddressForm { form: book_form(true), has_book: true, error: None, ..first.clone() };
        vec![("first", first), ("change", change)]
    }
}

impl Sampled for AddressPosting {
    fn samples() -> Vec<(&'static str, Self)> {
        let posting = AddressPosting {
            id: ID.into(),
            merchant: "竹里小铺".into(),
            address: address(0),
            action: "http://shop.example/address".into(),
            charset: "gbk",
            fields: vec![("is_success".into(), "T".into()), ("sign_type".into(), "MD5".into())],
            seconds: 50,
        };
        vec![("posting", posting)]
    }
}

impl Sampled for HandoverSignIn {
    fn samples() -> Vec<(&'static str, Self)> {
        let login = HandoverSignIn {
            id: ID.into(),
            merchant: "竹里小铺".into(),
            purpose: Purpose::Login,
            account: String::new(),
            error: None,
        };
        let address = HandoverSignIn {
            purpose: Purpose::Address,
            account: "buyer@example.com".into(),
            error: Some(FormError::at("login_password", Message::SignInWrong)),
            ..login.clone()
        };
        vec![("login", login), ("address", address)]
    }
}

impl Sampled for Consent {
    fn samples() -> Vec<(&'static str, Self)> {
        let bare = Consent {
            id: ID.into(),
            merchant: "竹里小铺".into(),
            site: "http://shop.example".into(),
            account: "buyer@example.com".into(),
            name: "张三".into(),
            tells_email: false,
            tells_grade: false,
        };
        vec![("all", Consent { tells_email: true, tells_grade: true, ..bare.clone() }), ("bare", bare)]
    }
}

impl Sampled for Etao {
    fn samples() -> Vec<(&'static str, Self)> {
        let shop = EtaoShop {
            partner: "2088000000000001".into(),
            name: "竹里小铺".into(),
            site: "http://shop.example".into(),
            chosen: true,
        };
        let stranger = Etao {
            shops: vec![shop],
            target_url: "http://shop.example/goods/17".into(),
            name: None,
            nickname: None,
            visitor: EtaoVisitor::Nobody,
            error: Some(FormError::at("target_url", Message::LinkWrong)),
        };
        let member = Etao {
            name: Some("张三".into()),
            nickname: Some("三月竹".into()),
            visitor: EtaoVisitor::Platform,
            error: None,
            ..stranger.clone()
        };
        let nothing = Etao { shops: Vec::new(), error: None, ..stranger.clone() };
        vec![("stranger", stranger), ("member", member), ("nothing", nothing)]
    }
}
