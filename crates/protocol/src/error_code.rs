//! Why a request is refused, by the codes of the wire (protocol.md §8). Causes and cures in words are the gateway's.

use crate::params::{NotText, ParamsError, UnknownCharset};
use crate::sign::BadSign;
use crate::status::wire_enum;

wire_enum! {
    /// 错误代码: the eighteen of the tutorials first, then those of the interface documents and of client lists, for
    /// payments, the quick login, shipping, queries, closings and refunds.
    ///
    /// ```
    /// use danbao_protocol::error_code::ErrorCode;
    ///
    /// assert_eq!(ErrorCode::IllegalSign.as_str(), "ILLEGAL_SIGN");
    /// assert_eq!(ErrorCode::from_wire("A_CODE_OF_2013"), None);               // keep the text then
    /// ```
    ErrorCode {
        /// The merchant contract does not include the requested service, or the contract is not active.
        HasNoPrivilege = "HAS_NO_PRIVILEGE",
        /// The partner exists, but the interface was never opened for it or was opened for another product.
        IllegalPartnerExterface = "ILLEGAL_PARTNER_EXTERFACE",
        /// `partner` is missing, not 16 digits, or unknown.
        IllegalPartner = "ILLEGAL_PARTNER",
        /// Required parameter missing, value too long, malformed, out of its list; for send goods also a wrong
        /// `seller_ip`, transport type, carrier name or empty `trade_no`.
        IllegalArgument = "ILLEGAL_ARGUMENT",
        /// Wrong key, wrong parameter set, wrong charset, altered or extra parameter.
        IllegalSign = "ILLEGAL_SIGN",
        /// `seller_email` / `seller_id` is a real account but not one bound to this partner.
        SellerNotInSpecifiedSellers = "seller_not_in_specified_sellers",
        /// A logistics triple is incomplete, a type / payment value is not in its list, a fee is not an amount, a
        /// group is skipped, or a type repeats.
        IllegalLogisticsFormat = "ILLEGAL_LOGISTICS_FORMAT",
        /// Same `out_trade_no` already paid, closed or timed out.
        TradeNotAllowedPay = "TRADE_NOT_ALLOWED_PAY",
        /// `seller_email` / `seller_id` / `seller_account_name` names no account.
        SellerNotExist = "SELLER_NOT_EXIST",
        /// Found at login on the cashier page, or at once when the request names the buyer.
        BuyerSellerEqual = "BUYER_SELLER_EQUAL",
        /// A second request with the same `out_trade_no` differs in amount, seller, buyer, logistics or time-out.
        TradeDataMatchError = "TRADE_DATA_MATCH_ERROR",
        /// `service` is missing or unknown, or nothing arrived at all.
        IllegalService = "ILLEGAL_SERVICE",
        /// Not a decimal with at most two places, out of range, `total_fee` together with price/quantity (direct),
        /// or `total_fee` not equal to the computed total.
        IllegalFeeParam = "ILLEGAL_FEE_PARAM",
        /// `royalty_parameters` is malformed. Spelled as on the wire.
        RoyaltyForamtError = "ROYALTY_FORAMT_ERROR",
        /// `sign_type` missing, lower case, unknown, or not the one configured for the partner.
        IllegalSignType = "ILLEGAL_SIGN_TYPE",
        /// `it_b_pay`, `t_s_send_1`, `t_s_send_2` or `t_b_rec_post` sent without the matching agreement.
        SelfTimeoutNotSupport = "SELF_TIMEOUT_NOT_SUPPORT",
        /// `anti_phishing_key` was not issued by `query_timestamp` for this partner, or is missing where the
        /// contract demands it.
        IllegalAntiPhishingKey = "ILLEGAL_ANTI_PHISHING_KEY",
        /// `exter_invoke_ip` empty / malformed / different from the browser address while the anti-phishing check
        /// is on.
        IllegalExterInvokeIp = "ILLEGAL_EXTER_INVOKE_IP",
        /// The same refusal in capitals, as the interface documents and error notifications spell it; a setting
        /// chooses.
        SellerNotInSpecifiedSellersCapitals = "SELLER_NOT_IN_SPECIFIED_SELLERS",
        /// `it_b_pay` / `t_*` not in the grammar or out of range.
        IllegalOuttimeArgument = "ILLEGAL_OUTTIME_ARGUMENT",
        /// `payment_type` missing or not allowed for the service.
        IllegalPaymentType = "ILLEGAL_PAYMENT_TYPE",
        /// The service maps to no product for this merchant.
        ProductNotExist = "PRODUCT_NOT_EXIST",
        /// Requested channel does not exist.
        ChannelNotExist = "CHANNEL_NOT_EXIST",
        /// Merchant interface information in the request is inconsistent.
        ExpartnerInfoUncorrect = "EXPARTNER_INFO_UNCORRECT",
        /// The logistics group posted by the cashier page is not one of those in the request.
        LogisticsChooseError = "LOGISTICS_CHOOSE_ERROR",
        /// Any other reason, such as a cashier step out of order.
        IllegalRequest = "ILLEGAL_REQUEST",
        /// Trade already belongs to another buyer account.
        TradeBuyerNotMatch = "TRADE_BUYER_NOT_MATCH",
        /// Repeat request names another seller.
        TradeSellerNotMatch = "TRADE_SELLER_NOT_MATCH",
        /// Goods, carriage and discount together are not above zero.
        TotalFeeLessequalZero = "TOTAL_FEE_LESSEQUAL_ZERO",
        /// Escrow total of one trade over the ceiling.
        TotalFeeGreaterThanMax = "TOTAL_FEE_GREATER_THAN_MAX",
        /// Cashier page opened from a stale request context.
        ExterfaceInvokeContextExpired = "EXTERFACE_INVOKE_CONTEXT_EXPIRED",
        /// Dynamic-key merchants only.
        IllegalDynMd5Key = "ILLEGAL_DYN_MD5_KEY",
        /// Encrypted parameters do not decrypt.
        IllegalEncrypt = "ILLEGAL_ENCRYPT",
        /// A user id in the request is malformed or unknown.
        IllegalUser = "ILLEGAL_USER",
        /// Interface is misconfigured for the partner.
        IllegalExterface = "ILLEGAL_EXTERFACE",
        /// `sign_type` is legal but the partner has no key of that kind.
        IllegalSecurityProfile = "ILLEGAL_SECURITY_PROFILE",
        /// `agent` names no valid agent.
        IllegalAgent = "ILLEGAL_AGENT",
        /// `_input_charset` is not utf-8, gbk or gb2312, or the bytes are not text in it.
        IllegalCharset = "ILLEGAL_CHARSET",
        /// Server-to-server call from an address not registered.
        IllegalClientIp = "ILLEGAL_CLIENT_IP",
        /// Internal failure; the caller may try again.
        SystemError = "SYSTEM_ERROR",
        /// Browser session on the gateway expired.
        SessionTimeout = "SESSION_TIMEOUT",
        /// Digest type wrong (file upload interfaces).
        IllegalDigestType = "ILLEGAL_DIGEST_TYPE",
        /// File digest wrong (file upload interfaces).
        IllegalDigest = "ILLEGAL_DIGEST",
        /// File format wrong (file upload interfaces).
        IllegalFileFormat = "ILLEGAL_FILE_FORMAT",
        /// `target_service` is missing or not `user.auth.quick.login`.
        IllegalTargetService = "ILLEGAL_TARGET_SERVICE",
        /// Partner may not use that kind of system (system switch interfaces).
        IllegalAccessSwitchSystem = "ILLEGAL_ACCESS_SWITCH_SYSTEM",
        /// System switch failed (system switch interfaces).
        IllegalSwitchSystem = "ILLEGAL_SWITCH_SYSTEM",
        /// As `ILLEGAL_CHARSET`; both occur in lists.
        IllegalEncoding = "ILLEGAL_ENCODING",
        /// The service is switched off.
        ExterfaceIsClosed = "EXTERFACE_IS_CLOSED",
        /// HTTP Referer is not a registered merchant domain.
        IllegalRequestReferer = "ILLEGAL_REQUEST_REFERER",
        /// `anti_phishing_key` older than its life (about 30 s).
        AntiPhishingKeyTimeout = "ANTI_PHISHING_KEY_TIMEOUT",
        /// Not a number (number field malformed).
        IllegalNumberFormat = "ILLEGAL_NUMBER_FORMAT",
        /// `quantity`, `batch_num` or another count is malformed.
        IllegalIntegerFormat = "ILLEGAL_INTEGER_FORMAT",
        /// Not an amount (money field malformed).
        IllegalMoneyFormat = "ILLEGAL_MONEY_FORMAT",
        /// A date is malformed. Spelled as on the wire.
        IllegalDataFormat = "ILLEGAL_DATA_FORMAT",
        /// Value does not match its pattern (any patterned field).
        RegexpMatchFail = "REGEXP_MATCH_FAIL",
        /// Value longer than its limit.
        IllegalLength = "ILLEGAL_LENGTH",
        /// A required value is empty. Spelled as on the wire.
        ParamterIsNull = "PARAMTER_IS_NULL",
        /// `subject` is missing.
        SubjectMustNotBeNull = "SUBJECT_MUST_NOT_BE_NULL",
        /// Unit price differs from the first request (repeat request, unpaid trade).
        TradePriceNotMatch = "TRADE_PRICE_NOT_MATCH",
        /// Quantity differs from the first request (repeat request, unpaid trade).
        TradeQuantityNotMatch = "TRADE_QUANTITY_NOT_MATCH",
        /// Total differs from the first request (repeat request, unpaid trade).
        TradeTotalfeeNotMatch = "TRADE_TOTALFEE_NOT_MATCH",
        /// `paymethod=directPay` for a merchant or buyer who may not.
        DirectPayWithoutCertClose = "DIRECT_PAY_WITHOUT_CERT_CLOSE",
        /// Cashier order could not be made (internal failure).
        FailCreateCashierPayOrder = "FAIL_CREATE_CASHIER_PAY_ORDER",
        /// `extra_common_param` holds `=` or `&`, or is too long.
        IllegalExtraCommonParam = "ILLEGAL_EXTRA_COMMON_PARAM",
        /// Bank-gateway configuration of the merchant.
        NotSupportGateway = "NOT_SUPPORT_GATEWAY",
        /// Lookup by trade number failed.
        TradeNotFound = "TRADE_NOT_FOUND",
        /// No detail for the trade (lookup failed).
        TradeGoodInfoNotFound = "TRADE_GOOD_INFO_NOT_FOUND",
        /// Product forbids `buyer_email` / `buyer_id`.
        BuyerEmailIdMustNull = "BUYER_EMAIL_ID_MUST_NULL",
        /// `product_type` not contracted.
        ProductNotAllowed = "PRODUCT_NOT_ALLOWED",
        /// Receiver has not signed the royalty agreement.
        RoyaltyReceiverNotInSpecifiedAccounts = "ROYALTY_RECEIVER_NOT_IN_SPECIFIED_ACCOUNTS",
        /// `royalty_parameters` too long.
        RoyaltyLengthError = "ROYALTY_LENGTH_ERROR",
        /// Royalty type wrong (`royalty_type` is not 10).
        RoyaltyTypeError = "ROYALTY_TYPE_ERROR",
        /// Receiver account does not exist.
        RoyaltyReceiveEmailNotExist = "ROYALTY_RECEIVE_EMAIL_NOT_EXIST",
        /// Receiver identity not verified.
        RoyaltyReceiveEmailNotCertify = "ROYALTY_RECEIVE_EMAIL_NOT_CERTIFY",
        /// Payer account of a later level does not exist.
        RoyaltyPayEmailNotExist = "ROYALTY_PAY_EMAIL_NOT_EXIST",
        /// Royalty asked for while the seller is not verified.
        RoyaltySellerNotCertify = "ROYALTY_SELLER_NOT_CERTIFY",
        /// Seller or royalty party cannot receive (account state not normal).
        RoyaltySellerEnableStatusForbid = "ROYALTY_SELLER_ENABLE_STATUS_FORBID",
        /// Sum of payments out of a party exceeds what it gets.
        NavigationIncomeOfRoyaltyAccount = "NAVIGATION_INCOME_OF_ROYALTY_ACCOUNT",
        /// `defaultbank` is unknown, or missing beside `paymethod=bankPay`.
        DefaultBankInvalid = "DEFAULT_BANK_INVALID",
        /// Distributor has no agreement (distribution products).
        DisNotSignProtocol = "DIS_NOT_SIGN_PROTOCOL",
        /// Card channel not contracted or contract expired. Spelled as on the wire.
        EbankCerditGwRuleNotOpen = "EBANK_CERDIT_GW_RULE_NOT_OPEN",
        /// Receiver may not take this payment.
        DirectionalPayForbidden = "DIRECTIONAL_PAY_FORBIDDEN",
        /// Seller state not normal (account frozen or closed).
        SellerEnableStatusForbid = "SELLER_ENABLE_STATUS_FORBID",
        /// Risk control; try again after an hour.
        TaobaoAntiPhishingCheckFail = "TAOBAO_ANTI_PHISHING_CHECK_FAIL",
        /// Forbidden word in subject (word filter).
        SubjectHasForbiddenword = "SUBJECT_HAS_FORBIDDENWORD",
        /// Forbidden word in body (word filter).
        BodyHasForbiddenword = "BODY_HAS_FORBIDDENWORD",
        /// Payment check failed (risk control).
        PayCheckFail = "PAY_CHECK_FAIL",
        /// `need_ctu_check` wrong (value is not Y / N).
        NeedCtuCheckParameterError = "NEED_CTU_CHECK_PARAMETER_ERROR",
        /// Merchant has no right to the flag.
        NeedCtuCheckNotAllowed = "NEED_CTU_CHECK_NOT_ALLOWED",
        /// `buyer_email` / `buyer_id` names no account.
        BuyerNotExist = "BUYER_NOT_EXIST",
        /// Voucher product with a bad `extend_param`.
        EvoucherIdNotExist = "EVOUCHER_ID_NOT_EXIST",
        /// Express card payment named in the request.
        MotoExpressTotalAmountExceed = "MOTO_EXPRESS_TOTAL_AMOUNT_EXCEED",
        /// Express card payment named in the request.
        MotoExpressPartnerNotSignProtocol = "MOTO_EXPRESS_PARTNER_NOT_SIGN_PROTOCOL",
        /// Foreign card product not open, or amount below 1 yuan (foreign card bank codes).
        EbankVisaGwRuleNotOpen = "EBANK_VISA_GW_RULE_NOT_OPEN",
        /// Product line unknown (internal).
        UnknownProductName = "UNKNOWN_PRODUCT_NAME",
        /// `token` is longer than 40 characters.
        TokenLenTooLong = "TOKEN_LEN_TOO_LONG",
        /// Login account of the wrong kind.
        LoginUserTypeMustA = "LOGIN_USER_TYPE_MUST_A",
        /// Service not allowed.
        ServiceNotAllowed = "SERVICE_NOT_ALLOWED",
        /// Single payment from a company account to a private account.
        MaxMoneyCompanyToIndividual = "MAX_MONEY_COMPANY_TO_INDIVIDUAL",
        /// Older spelling of `TRADE_DATA_MATCH_ERROR`.
        TradeDataNotMatch = "TRADE_DATA_NOT_MATCH",
        /// Order number already used.
        OutTradeNoExist = "OUT_TRADE_NO_EXIST",
        /// Older name of the royalty errors.
        CommisionIdNotExist = "COMMISION_ID_NOT_EXIST",
        /// Commission account repeated or equal to the seller.
        CommisionSellerDuplicate = "COMMISION_SELLER_DUPLICATE",
        /// Commission amount out of range.
        CommisionFeeOutOfRange = "COMMISION_FEE_OUT_OF_RANGE",
        /// Commission not supported.
        CommisionNotSupport = "COMMISION_NOT_SUPPORT",
        /// Total out of range.
        TotalFeeOutOfRange = "TOTAL_FEE_OUT_OF_RANGE",
        /// Donation over the limit (`payment_type` 4).
        DonateGreaterThanMax = "DONATE_GREATER_THAN_MAX",
        /// Instant amount over the limit.
        DirectPayAmountOutOfRange = "DIRECT_PAY_AMOUNT_OUT_OF_RANGE",
        /// Virtual goods amount over the limit.
        DigitalFeeGreaterThanMax = "DIGITAL_FEE_GREATER_THAN_MAX",
        /// Logistics type VIRTUAL without contract.
        VirtualNotSupport = "VIRTUAL_NOT_SUPPORT",
        /// The account is not activated, or in a state in which nobody can sign in with it.
        AlipayuserStatusError = "alipayuser_status_error",
        /// There is no account of that name.
        UserNotExist = "USER_NOT_EXIST",
        /// Binding variants of the login: the account is bound already, or binding is not supported.
        AlreadyBind = "already_bind",
        /// `sign_type` RSA or DSA without an uploaded public key, as the login says it.
        HasNoPublickey = "HAS_NO_PUBLICKEY",
        /// Storage failure in the login (internal failure).
        DatabaseError = "database_error",
        /// Binding variants of the login: the merchant's member is not bound.
        NotBinded = "not_binded",
        /// Binding variants of the login: the merchant's member id is missing.
        ParamError = "param_error",
        /// No account information (internal failure).
        AccountInfoNotExist = "ACCOUNT_INFO_NOT_EXIST",
        /// `trade_no` / `out_trade_no` unknown or of another partner.
        TradeNotExist = "TRADE_NOT_EXIST",
        /// State does not allow it, or internal.
        GenericFailure = "GENERIC_FAILURE",
        /// The trade's state does not allow the action. Spelled as on the wire.
        TradeStatusNotAvaild = "TRADE_STATUS_NOT_AVAILD",
        /// The amount to be refunded is nothing, or more than there is.
        RefundTradeFeeError = "REFUND_TRADE_FEE_ERROR",
        /// The mobile interface's, not this one's: platform error.
        SystemException = "SYSTEM_EXCEPTION",
        /// The mobile interface's: common parameter missing.
        CommonParamsIllegal = "COMMON_PARAMS_ILLEGAL",
        /// The mobile interface's: signature wrong.
        SignIllegal = "SIGN_ILLEGAL",
        /// The mobile interface's: service unknown.
        ServiceNotExist = "SERVICE_NOT_EXIST",
        /// The mobile interface's: `req_data` malformed.
        ReqDataIllegal = "REQ_DATA_ILLEGAL",
        /// The mobile interface's: partner not opened.
        PartnerIllegal = "PARTNER_ILLEGAL",
        /// The mobile interface's: `sec_id` unknown.
        SecIdNotExist = "SEC_ID_NOT_EXIST",
        /// The mobile interface's: business parameter missing.
        BizParamsIllegal = "BIZ_PARAMS_ILLEGAL",
        /// The mobile interface's: business parameter too long.
        BizParamsTooLong = "BIZ_PARAMS_TOO_LONG",
        /// The mobile interface's: seller account differs.
        SellerAccountNotMatch = "SELLER_ACCOUNT_NOT_MATCH",
        /// More than 1000 items: `batch_num` is over 1000.
        BatchNumExceedLimit = "BATCH_NUM_EXCEED_LIMIT",
        /// `refund_date` is not `yyyy-MM-dd HH:mm:ss`.
        RefundDateError = "REFUND_DATE_ERROR",
        /// `batch_num` is not a positive integer.
        BatchNumError = "BATCH_NUM_ERROR",
        /// `batch_num` is not the number of items in `detail_data`.
        BatchNumNotEqualTotal = "BATCH_NUM_NOT_EQUAL_TOTAL",
        /// One item takes a share back twice from the same party for the same party.
        DublRoyaltyInDetail = "DUBL_ROYALTY_IN_DETAIL",
        /// One item holds the same royalty part twice, letter by letter.
        DupRoyaltyRefundItem = "DUP_ROYALTY_REFUND_ITEM",
        /// One item's text is too long.
        SingleDetailDataExceedLimit = "SINGLE_DETAIL_DATA_EXCEED_LIMIT",
        /// One item's text holds control characters.
        SingleDetailDataEncodingNotSupport = "SINGLE_DETAIL_DATA_ENCODING_NOT_SUPPORT",
        /// A trade comes twice in one batch.
        DublTradeNoInSameBatch = "DUBL_TRADE_NO_IN_SAME_BATCH",
        /// The partner has used this `batch_no` before.
        DuplicateBatchNo = "DUPLICATE_BATCH_NO",
        /// `batch_no` is not today's date and 3 to 24 letters or digits.
        BatchNoFormatError = "BATCH_NO_FORMAT_ERROR",
        /// As `BATCH_NO_FORMAT_ERROR`, said of a result.
        ResultBatchNoFormatError = "RESULT_BATCH_NO_FORMAT_ERROR",
        /// `detail_data` does not parse.
        DetailDataFormatError = "DETAIL_DATA_FORMAT_ERROR",
        /// The bytes of a refund request are not text in its charset.
        InvalidCharacterSet = "INVALID_CHARACTER_SET",
        /// The trade's state allows no refund: it is not paid.
        TradeStatusError = "TRADE_STATUS_ERROR",
        /// The partner has no contract under which payments stay refundable.
        PartnerNotSignProtocol = "PARTNER_NOT_SIGN_PROTOCOL",
        /// The seller is not one for whom the partner may act.
        SellerNotSignProtocol = "SELLER_NOT_SIGN_PROTOCOL",
        /// A royalty party has no agreement.
        RoyaltyerNotSignProtocol = "ROYALTYER_NOT_SIGN_PROTOCOL",
        /// The trade is another partner's or another seller's.
        NotThisPartnersTrade = "NOT_THIS_PARTNERS_TRADE",
        /// An account that the request names does not exist.
        AccountNotExists = "ACCOUNT_NOT_EXISTS",
        /// The account's name and id are two accounts'.
        EmailUseridNotMatch = "EMAIL_USERID_NOT_MATCH",
        /// More is to be taken back than was shared, or nothing.
        RefundRoyaltyFeeError = "REFUND_ROYALTY_FEE_ERROR",
        /// A royalty party's balance does not cover what it gives back.
        ReasonRefundRoyaltyError = "REASON_REFUND_ROYALTY_ERROR",
        /// The amount is not valid, said of a result.
        ResultAmountNotValid = "RESULT_AMOUNT_NOT_VALID",
        /// The face amount is not valid, said of a result.
        ResultFaceAmountNotValid = "RESULT_FACE_AMOUNT_NOT_VALID",
        /// The account number is not valid, said of a result.
        ResultAccountNoNotValid = "RESULT_ACCOUNT_NO_NOT_VALID",
        /// `trade_no` is unknown.
        TradeNotExists = "TRADE_NOT_EXISTS",
        /// The product forbids this refund.
        WholeDetailForbidRefund = "WHOLE_DETAIL_FORBID_REFUND",
        /// The trade is closed: refunded in full, or never paid.
        TradeHasClosed = "TRADE_HAS_CLOSED",
        /// The refund period is over, or the contract has none.
        TradeHasFinished = "TRADE_HAS_FINISHED",
        /// The request asks for the service charge itself. Spelled as on the wire.
        NoRefundChargePriviledge = "NO_REFUND_CHARGE_PRIVILEDGE",
        /// A reason has 256 bytes or more.
        BatchMemoLengthExceedLimit = "BATCH_MEMO_LENGTH_EXCEED_LIMIT",
        /// More of the charge is asked back than was taken.
        RefundChargeFeeGreaterThanLimit = "REFUND_CHARGE_FEE_GREATER_THAN_LIMIT",
        /// The charge to be given back is wrong.
        RefundChargeFeeError = "REFUND_CHARGE_FEE_ERROR",
        /// Giving the charge back failed.
        ReasonRefundChargeErr = "REASON_REFUND_CHARGE_ERR",
        /// As `REFUND_TRADE_FEE_ERROR`, said of a result.
        ReasonTradeRefundFeeErr = "REASON_TRADE_REFUND_FEE_ERR",
        /// Another refund of the trade was faster.
        ReasonHasRefundFeeNotMatch = "REASON_HAS_REFUND_FEE_NOT_MATCH",
        /// Less is refunded than a coupon paid.
        ReasonRefundAmountLessThanCouponFee = "REASON_REFUND_AMOUNT_LESS_THAN_COUPON_FEE",
        /// An item has a sub-trade part (`$$`), and the trade has no sub-trades.
        RefundSubtradeFeeError = "REFUND_SUBTRADE_FEE_ERROR",
        /// A rule of one airline's contract.
        NanhangRefundChargeAmountError = "NANHANG_REFUND_CHARGE_AMOUNT_ERROR",
        /// An amount is malformed.
        RefundAmountNotValid = "REFUND_AMOUNT_NOT_VALID",
        /// The seller's account may not refund now.
        SellerStatusNotAllow = "SELLER_STATUS_NOT_ALLOW",
        /// An account's state is not valid, said of a result.
        TxnResultAccountStatusNotValid = "TXN_RESULT_ACCOUNT_STATUS_NOT_VALID",
        /// The seller's balance does not cover the refund.
        TxnResultAccountBalanceNotEnough = "TXN_RESULT_ACCOUNT_BALANCE_NOT_ENOUGH",
        /// The seller's account needs a certificate.
        CaUserNotUseCa = "CA_USER_NOT_USE_CA",
        /// The batch is being worked on elsewhere.
        BatchRefundLockError = "BATCH_REFUND_LOCK_ERROR",
        /// An escrow trade is refunded between buyer and seller, not by this interface.
        TradeProductTypeNotAllowRefund = "TRADE_PRODUCT_TYPE_NOT_ALLOW_REFUND",
        /// The batch's own state is wrong.
        BatchRefundStatusError = "BATCH_REFUND_STATUS_ERROR",
        /// The batch's or the trade's own data cannot be read.
        BatchRefundDataError = "BATCH_REFUND_DATA_ERROR",
        /// The refund failed for another reason.
        RefundTradeFailed = "REFUND_TRADE_FAILED",
        /// The refund failed for another reason.
        RefundFail = "REFUND_FAIL",
        /// 业务数据被篡改: the request was altered after signing, or its logistics do not hold together when the
        /// cashier page is open. The tutorials show this message without a code; the name is ours
        /// ([`ErrorCode::is_on_the_wire`]).
        BusinessDataAltered = "BUSINESS_DATA_ALTERED",
    }
}

impl ErrorCode {
    /// Whether the name is a code of the interface: all but [`ErrorCode::BusinessDataAltered`], for which a page shows
    /// the message alone.
    pub const fn is_on_the_wire(self) -> bool {
        !matches!(self, ErrorCode::BusinessDataAltered)
    }
}

impl std::error::Error for ErrorCode {}

/// Parameters that cannot be read at all (protocol.md §1.3).
impl From<ParamsError> for ErrorCode {
    fn from(_: ParamsError) -> ErrorCode {
        ErrorCode::IllegalArgument
    }
}

/// Bytes that are not text in the request's charset (protocol.md §1.4).
impl From<NotText> for ErrorCode {
    fn from(_: NotText) -> ErrorCode {
        ErrorCode::IllegalCharset
    }
}

/// A charset that is not in the list (protocol.md §8.5, second check).
impl From<UnknownCharset> for ErrorCode {
    fn from(_: UnknownCharset) -> ErrorCode {
        ErrorCode::IllegalCharset
    }
}

/// A wrong signature (protocol.md §8.5, fifth check).
impl From<BadSign> for ErrorCode {
    fn from(_: BadSign) -> ErrorCode {
        ErrorCode::IllegalSign
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_codes_of_the_tutorials_are_spelled_as_they_print_them() {
        let seeds = [
            "HAS_NO_PRIVILEGE",
            "ILLEGAL_PARTNER_EXTERFACE",
            "ILLEGAL_PARTNER",
            "ILLEGAL_ARGUMENT",
            "ILLEGAL_SIGN",
            "seller_not_in_specified_sellers",
            "ILLEGAL_LOGISTICS_FORMAT",
            "TRADE_NOT_ALLOWED_PAY",
            "SELLER_NOT_EXIST",
            "BUYER_SELLER_EQUAL",
            "TRADE_DATA_MATCH_ERROR",
            "ILLEGAL_SERVICE",
            "ILLEGAL_FEE_PARAM",
            "ROYALTY_FORAMT_ERROR",
            "ILLEGAL_SIGN_TYPE",
            "SELF_TIMEOUT_NOT_SUPPORT",
            "ILLEGAL_ANTI_PHISHING_KEY",
            "ILLEGAL_EXTER_INVOKE_IP",
        ];
        for code in seeds {
            assert!(ErrorCode::from_wire(code).is_some(), "{code}");
        }
        let first: Vec<&str> = ErrorCode::ALL[..seeds.len()].iter().map(|code| code.as_str()).collect();
        assert_eq!(first, seeds);
    }

    #[test]
    fn every_code_reads_back_and_no_two_are_alike() {
        for code in ErrorCode::ALL {
            assert_eq!(ErrorCode::from_wire(code.as_str()), Some(*code));
        }
        assert_eq!(ErrorCode::from_wire("illegal_sign"), None);
    }
}
