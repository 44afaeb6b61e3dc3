//! What people do on the way, whichever way it is.

use crate::browser::driver::Browser;
use crate::installation::Danbao;

impl Browser {
    /// Puts one thing into the shop's cart and goes on to its check-out.
    pub(crate) fn put_into_cart(&self, danbao: &Danbao, good: &str) {
        self.open(&danbao.ready.shop);
        self.click(&format!("a[href=\"/goods/{good}\"]"));
        self.click("form[action=\"/cart\"] button");
        self.await_url("/cart");
    }

    /// At the cashier, a member signs in and goes on to the second page.
    pub(crate) fn sign_in_at_cashier(&self, account: &str, login_password: &str) {
        self.fill("#account", account);
        self.fill("#login_password", login_password);
        self.click("form[action$=\"/member\"] section[aria-labelledby=\"way-member\"] button");
        self.await_url("/pay");
    }

    /// At the second page, the member pays by balance.
    pub(crate) fn pay_by_balance(&self, payment_password: &str) {
        self.choose("method", "balance");
        self.fill("#payment_password", payment_password);
        self.click("form[action$=\"/pay\"] .submit button");
        self.await_url("/paid");
    }

    /// Signs in at the desk, whoever was there before.
    pub(crate) fn sign_in_at_desk(&self, danbao: &Danbao, account: &str, login_password: &str) {
        self.open(&format!("{}/desk", danbao.ready.gateway));
        if self.has("form[action=\"/desk/sign-out\"]") {
            self.click("form[action=\"/desk/sign-out\"] button");
            self.await_has("a[href=\"/desk/sign-in\"]");
        }
        self.open(&format!("{}/desk/sign-in", danbao.ready.gateway));
        self.fill("#account", account);
        self.fill("#login_password", login_password);
        self.click("main form button");
        self.await_has("form[action=\"/desk/sign-out\"]");
    }
}
