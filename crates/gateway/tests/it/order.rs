//! What a merchant asks for, as parameters that a scenario can bend before they are signed.

use danbao_protocol::charset::Charset;
use danbao_protocol::params::Params;
use danbao_protocol::sign::{self, Md5Key, Signer};

use super::world::{Merchant, NOTIFY_URL, RETURN_URL};

/// A request in the making.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    pairs: Vec<(String, Vec<u8>)>,
    charset: Charset,
    signer: Signer,
}

impl Call {
    /// A call of a service by a merchant, in UTF-8.
    pub(crate) fn new(merchant: &Merchant, service: &str) -> Call {
        let call =
            Call { pairs: Vec::new(), charset: Charset::Utf8, signer: Signer::Md5(merchant.key.clone()) };
        call.with("service", service).with("partner", &merchant.partner).with("_input_charset", "utf-8")
    }

    fn order(merchant: &Merchant, service: &str, out_trade_no: &str) -> Call {
        Call::new(merchant, service)
            .with("notify_url", NOTIFY_URL)
            .with("return_url", RETURN_URL)
            .with("out_trade_no", out_trade_no)
            .with("subject", "录音笔 2G")
            .with("payment_type", "1")
            .with("seller_email", &merchant.seller_email)
    }

    /// 即时到账
    pub(crate) fn direct(merchant: &Merchant, out_trade_no: &str, total_fee: &str) -> Call {
        Call::order(merchant, "create_direct_pay_by_user", out_trade_no).with("total_fee", total_fee)
    }

    /// 担保交易
    pub(crate) fn escrow(merchant: &Merchant, out_trade_no: &str, price: &str) -> Call {
        Call::order(merchant, "create_partner_trade_by_buyer", out_trade_no).carried(price)
    }

    /// 标准双接口
    pub(crate) fn dual(merchant: &Merchant, out_trade_no: &str, price: &str) -> Call {
        Call::order(merchant, "trade_create_by_buyer", out_trade_no).carried(price)
    }

    fn carried(self, price: &str) -> Call {
        self.with("price", price)
            .with("quantity", "1")
            .with("logistics_type", "EXPRESS")
            .with("logistics_fee", "0.00")
            .with("logistics_payment", "SELLER_PAY")
    }

    /// Where the goods go, so that the cashier need not ask.
    pub(crate) fn addressed(self) -> Call {
        self.with("receive_name", "王五")
            .with("receive_address", "浙江省 杭州市 西湖区 某路1号")
            .with("receive_zip", "310000")
            .with("receive_mobile", "13700000000")
    }

    /// Says it in GBK.
    pub(crate) fn in_gbk(mut self) -> Call {
        for (_, value) in &mut self.pairs {
            let text = String::from_utf8(value.clone()).unwrap();
            *value = Charset::Gbk.encode(&text).unwrap().into_owned();
        }
        self.charset = Charset::Gbk;
        self.with("_input_charset", "gbk")
    }

    /// Sets a parameter, in place of what it was.
    pub(crate) fn with(self, name: &str, value: &str) -> Call {
        let bytes = self.charset.encode(value).unwrap().into_owned();
        self.with_bytes(name, &bytes)
    }

    pub(crate) fn with_bytes(mut self, name: &str, value: &[u8]) -> Call {
        match self.pairs.iter_mut().find(|(known, _)| known == name) {
            Some((_, old)) => *old = value.to_vec(),
            None => self.pairs.push((name.to_owned(), value.to_vec())),
        }
        self
    }

    /// Leaves a parameter out.
    pub(crate) fn without(mut self, name: &str) -> Call {
        self.pairs.retain(|(known, _)| known != name);
        self
    }

    /// Signs with another key.
    pub(crate) fn keyed(self, key: &str) -> Call {
        self.signed_by(&Signer::Md5(Md5Key::new(key)))
    }

    /// Signs in another way.
    pub(crate) fn signed_by(self, signer: &Signer) -> Call {
        Call { signer: signer.clone(), ..self }
    }

    pub(crate) fn params(&self) -> Params {
        let mut params = Params::new();
        for (name, value) in &self.pairs {
            params.push(name, value);
        }
        params
    }

    /// The signed parameters as a query or a body.
    pub(crate) fn signed(&self) -> String {
        let mut params = self.params();
        sign::append(&mut params, &self.signer).unwrap();
        params.to_urlencoded()
    }

    /// The parameters with something changed after they were signed.
    pub(crate) fn signed_then(&self, name: &str, value: &str) -> String {
        let mut params = self.params();
        sign::append(&mut params, &self.signer).unwrap();
        params.remove(name);
        if !value.is_empty() {
            params.push(name, value.as_bytes());
        }
        format!("/gateway.do?{}", params.to_urlencoded())
    }

    /// The signed address.
    pub(crate) fn url(&self) -> String {
        format!("/gateway.do?{}", self.signed())
    }

    /// The address with the parameters as they are, unsigned.
    pub(crate) fn unsigned_url(&self) -> String {
        format!("/gateway.do?{}", self.params().to_urlencoded())
    }
}
