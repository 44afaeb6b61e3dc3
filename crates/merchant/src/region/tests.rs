//! Tables of matching, and the office's whole list against lists as shops have them.

use super::*;

/// A list from paths, each with its region's code if it has one: `上海市/浦东`, `襄阳=420600`.
fn list(paths: &[&str]) -> RegionList {
    let mut regions: Vec<ShopRegion> = Vec::new();
    for path in paths {
        let (path, code) = path.split_once('=').map_or((*path, None), |(path, code)| (path, Some(code)));
        let mut parent: Option<String> = None;
        for part in path.split('/') {
            let key = parent.as_ref().map_or(part.to_owned(), |parent| format!("{parent}/{part}"));
            if regions.iter().all(|region| region.key != key) {
                let code = code.filter(|_| key == path).map(|code| code.parse().unwrap());
                regions.push(ShopRegion { key: key.clone(), parent, name: part.to_owned(), code });
            }
            parent = Some(key);
        }
    }
    RegionList::new(regions).unwrap()
}

fn place<'a>(words: &'a str) -> NamedPlace<'a> {
    let mut words = words.split(' ').map(|word| if word == "-" { "" } else { word });
    let mut next = || words.next().unwrap_or_default();
    NamedPlace { prov: next(), city: next(), area: next(), address_code: next() }
}

/// What was found, written as a line: `= a`, `? a | b`, `x` or `x a`.
fn written(list: &RegionList, found: &RegionMatch) -> String {
    let key = |id: &RegionId| list.get(*id).unwrap().key.clone();
    match found {
        RegionMatch::Matched(id) => format!("= {}", key(id)),
        RegionMatch::Ambiguous(ids) => format!("? {}", ids.iter().map(key).collect::<Vec<_>>().join(" | ")),
        RegionMatch::NoMatch { reached: None } => "x".to_owned(),
        RegionMatch::NoMatch { reached: Some(id) } => format!("x {}", key(id)),
    }
}

#[track_caller]
fn table(list: &RegionList, rows: &[(&str, &str)]) {
    for (words, wanted) in rows {
        assert_eq!(written(list, &find_region(list, &place(words))), *wanted, "{words}");
    }
}

#[test]
fn municipalities_are_found_with_or_without_the_word_city_and_with_or_without_a_level_between() {
    let list = list(&[
        "上海市/浦东",
        "上海市/黄浦",
        "北京市/北京市/朝阳",
        "北京市/北京市/东城",
        "天津/市辖区/静海县",
        "重庆/城口",
    ]);
    table(
        &list,
        &[
            ("上海 上海 浦东新区 310115", "= 上海市/浦东"),
            ("上海 上海 黄浦区 310101", "= 上海市/黄浦"),
            ("北京 北京 朝阳区 110105", "= 北京市/北京市/朝阳"),
            ("天津 天津 静海区 120118", "= 天津/市辖区/静海县"),
            ("重庆 重庆 城口县 500229", "= 重庆/城口"),
            ("上海 上海 - 310100", "= 上海市"),
            ("上海 上海 崇明区 310151", "x 上海市"),
        ],
    );
}

#[test]
fn autonomous_regions_and_prefectures_are_found_by_their_short_names() {
    let list = list(&[
        "内蒙古/呼和浩特/新城",
        "广西/南宁/青秀",
        "新疆/和田地区/和田市",
        "新疆/和田地区/和田县",
        "宁夏/银川/兴庆",
        "西藏/拉萨/城关",
        "贵州/黔西南州/兴义",
        "贵州/黔东南州/凯里",
    ]);
    table(
        &list,
        &[
            ("内蒙古自治区 呼和浩特市 新城区 150102", "= 内蒙古/呼和浩特/新城"),
            ("广西壮族自治区 南宁市 青秀区 450103", "= 广西/南宁/青秀"),
            ("宁夏回族自治区 银川市 兴庆区 640104", "= 宁夏/银川/兴庆"),
            ("西藏自治区 拉萨市 城关区 540102", "= 西藏/拉萨/城关"),
            ("贵州省 黔西南布依族苗族自治州 兴义市 522301", "= 贵州/黔西南州/兴义"),
            ("贵州省 黔东南苗族侗族自治州 凯里市 522601", "= 贵州/黔东南州/凯里"),
            ("新疆维吾尔自治区 和田地区 和田市 653201", "= 新疆/和田地区/和田市"),
            ("新疆维吾尔自治区 和田地区 和田县 653221", "= 新疆/和田地区/和田县"),
        ],
    );
}

#[test]
fn a_name_that_two_of_the_offices_regions_share_in_the_shops_list_is_asked_about() {
    let list = list(&["新疆/和田/和田", "内蒙古/巴彦淖尔/乌拉特", "河北/承德/承德县", "甘肃/张掖/肃南"]);
    table(
        &list,
        &[
            ("新疆维吾尔自治区 和田地区 和田市 653201", "? 新疆/和田/和田"),
            ("新疆维吾尔自治区 和田地区 和田县 653221", "? 新疆/和田/和田"),
            ("内蒙古自治区 巴彦淖尔市 乌拉特前旗 150823", "? 内蒙古/巴彦淖尔/乌拉特"),
            ("甘肃省 张掖市 肃南裕固族自治县 620721", "= 甘肃/张掖/肃南"),
        ],
    );
}

#[test]
fn an_entry_that_is_another_regions_own_is_never_taken() {
    let list = list(&["内蒙古/巴彦淖尔/乌拉特中旗", "新疆/和田/和田县", "河北/石家庄/长安"]);
    table(
        &list,
        &[
            ("内蒙古自治区 巴彦淖尔市 乌拉特前旗 150823", "x 内蒙古/巴彦淖尔"),
            ("新疆维吾尔自治区 和田地区 和田市 653201", "x 新疆/和田"),
            ("河北省 石家庄市 长安区 130102", "= 河北/石家庄/长安"),
        ],
    );
}

#[test]
fn districts_of_one_name_are_told_apart_by_what_they_lie_in() {
    let list = list(&[
        "北京市/朝阳",
        "吉林/长春/朝阳",
        "江苏/南京/鼓楼",
        "江苏/徐州/鼓楼",
        "福建/福州/鼓楼",
        "河南/开封/鼓楼",
    ]);
    table(
        &list,
        &[
            ("北京 北京 朝阳区 110105", "= 北京市/朝阳"),
            ("吉林省 长春市 朝阳区 220104", "= 吉林/长春/朝阳"),
            ("江苏省 徐州市 鼓楼区 320302", "= 江苏/徐州/鼓楼"),
            ("江苏省 - 鼓楼区", "? 江苏/南京/鼓楼 | 江苏/徐州/鼓楼"),
            ("- - 鼓楼区", "? 江苏/南京/鼓楼 | 江苏/徐州/鼓楼 | 福建/福州/鼓楼 | 河南/开封/鼓楼"),
            ("- - 朝阳区", "? 北京市/朝阳 | 吉林/长春/朝阳"),
            ("辽宁省 - 鼓楼区", "x"),
        ],
    );
}

#[test]
fn renamed_places_are_found_under_their_former_names() {
    let list = list(&[
        "湖北/襄樊/襄阳区",
        "湖北/襄樊/樊城",
        "云南/思茅/翠云",
        "江苏/淮安/楚州",
        "山东/临沂/苍山",
        "北京市/密云县",
        "江苏/苏州/沧浪",
    ]);
    table(
        &list,
        &[
            ("湖北省 襄阳市 樊城区 420606", "= 湖北/襄樊/樊城"),
            ("湖北省 襄阳市 襄州区 420607", "= 湖北/襄樊/襄阳区"),
            ("云南省 普洱市 思茅区 530802", "= 云南/思茅/翠云"),
            ("江苏省 淮安市 淮安区 320803", "= 江苏/淮安/楚州"),
            ("山东省 临沂市 兰陵县 371324", "= 山东/临沂/苍山"),
            // The kind changed, and with it the code; the name did not.
            ("北京 北京 密云区 110118", "= 北京市/密云县"),
            // Merged from three: nobody can say which.
            ("江苏省 苏州市 姑苏区 320508", "x 江苏/苏州"),
        ],
    );
}

#[test]
fn counties_directly_under_a_province_and_cities_without_districts_are_found() {
    let list = list(&["湖北/仙桃", "湖北/武汉/江岸", "河南/济源市", "广东/东莞市/莞城"]);
    table(
        &list,
        &[
            ("湖北省 省直辖县级行政区划 仙桃市 429004", "= 湖北/仙桃"),
            ("河南省 省直辖县级行政区划 济源市 419001", "= 河南/济源市"),
            ("广东省 东莞市 - 441900", "= 广东/东莞市"),
            // The shop's list goes no further.
            ("湖北省 仙桃市 沔城", "= 湖北/仙桃"),
        ],
    );
}

#[test]
fn a_list_with_codes_is_exact_and_a_contradiction_is_asked_about() {
    let list =
        list(&["沪/浦东=310115", "沪/浦西=310101", "吉林/长春/朝阳=220104", "北京/朝阳=110105", "沪=310000"]);
    table(
        &list,
        &[
            ("上海 上海 浦东新区 310115", "= 沪/浦东"),
            ("- - - 310101", "= 沪/浦西"),
            ("北京 北京 朝阳区 110105", "= 北京/朝阳"),
            ("吉林省 长春市 朝阳区 110105", "? 北京/朝阳 | 吉林/长春/朝阳"),
            ("- - 朝阳区 110105", "= 北京/朝阳"),
            ("- - - 310104", "x"),
            ("- - -", "x"),
            ("吉林省 长春市 朝阳区 nonsense", "= 吉林/长春/朝阳"),
        ],
    );
    let by_code = |words| written(&list, &find_region_by(&list, &place(words), Method::AreaCode));
    assert_eq!(by_code("吉林省 长春市 朝阳区"), "x");
    assert_eq!(by_code("吉林省 长春市 朝阳区 220105"), "x");
}

#[test]
fn each_of_the_tutorials_methods_does_its_own_part() {
    let list = list(&["上海市/浦东", "贵州/黔西南州"]);
    let by = |words, method| written(&list, &find_region_by(&list, &place(words), method));
    assert_eq!(by("上海 上海 浦东新区", Method::Contains), "= 上海市/浦东");
    assert_eq!(by("上海 上海 浦东新区", Method::FirstTwo), "= 上海市/浦东");
    assert_eq!(by("贵州省 黔西南布依族苗族自治州", Method::Contains), "x 贵州");
    assert_eq!(by("贵州省 黔西南布依族苗族自治州", Method::FirstTwo), "= 贵州/黔西南州");
    assert_eq!(by("上海 上海 浦东新区", Method::AreaCode), "x");
}

#[test]
fn what_the_office_does_not_know_is_not_guessed_by_two_characters() {
    let list = list(&["贵州/黔西南州", "贵州/黔西县"]);
    table(
        &list,
        &[
            ("贵州省 黔西某某州", "? 贵州/黔西南州 | 贵州/黔西县"),
            ("桂州省 黔西南州", "x"),
            ("贵州某省", "= 贵州"),
        ],
    );
}

/// The office's own list as a shop shortens it: municipalities with 市, everything else without its kind.
fn shortened(keep: impl Fn(&str) -> String) -> RegionList {
    let regions = danbao_region::all().iter().map(|region| ShopRegion {
        key: region.code().to_string(),
        parent: region.code().parent().map(|code| code.to_string()),
        name: keep(region.name()),
        code: None,
    });
    RegionList::new(regions).unwrap()
}

/// Looks every region of the office up in a shop's list: how many were found, asked about, and not found. It must never
/// be another one.
fn whole_office(list: &RegionList) -> (usize, usize, usize) {
    let mut counts = (0, 0, 0);
    for region in danbao_region::all() {
        let known = danbao_region::place(region.code()).unwrap();
        let code = region.code().to_string();
        let place = NamedPlace {
            prov: known.province(),
            city: known.city().unwrap_or_default(),
            area: known.area().unwrap_or_default(),
            address_code: &code,
        };
        match find_region(list, &place) {
            RegionMatch::Matched(id) => {
                let found = list.get(id).unwrap();
                let is_same = found.key == code
                    || (known.area().is_none() && municipality_of(&found.key) == municipality_of(&code));
                assert!(is_same, "{} found {} {}", region.name(), found.key, found.name);
                counts.0 += 1;
            }
            RegionMatch::Ambiguous(ids) => {
                let is_among = ids.iter().any(|id| list.get(*id).unwrap().key == code);
                assert!(is_among, "{} {code}", region.name());
                counts.1 += 1;
            }
            RegionMatch::NoMatch { .. } => counts.2 += 1,
        }
    }
    counts
}

fn municipality_of(code: &str) -> Option<&str> {
    code.get(..2).filter(|province| ["11", "12", "31", "50"].contains(province))
}

#[test]
fn every_region_of_the_office_finds_itself_or_is_asked_about_and_never_finds_another() {
    let all = danbao_region::all().len();
    assert_eq!(whole_office(&shortened(str::to_owned)), (all, 0, 0));
    let with_city = |name: &str| {
        if name.ends_with(['省', '市', '区', '县']) { name.to_owned() } else { format!("{name}市") }
    };
    assert_eq!(whole_office(&shortened(with_city)).2, 0);
    let short = |name: &str| {
        let bare = name.strip_suffix(['省', '市', '区', '县', '旗']).unwrap_or(name);
        if bare.chars().count() < 2 { name.to_owned() } else { bare.to_owned() }
    };
    let (found, asked, missing) = whole_office(&shortened(short));
    assert!(found * 100 > all * 95 && missing == 0, "{found} found, {asked} asked, {missing} missing");
}
