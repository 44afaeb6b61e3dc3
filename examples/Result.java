import com.google.gson.*;
import java.security.MessageDigest;
import java.util.Base64;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import static java.nio.charset.StandardCharsets.UTF_8;

/** Whether the result that a browser brought is the sidecar's: RESULT_SECRET=... java -cp ... Result TOKEN */
class Result {
    static boolean isPaid(String token) throws Exception {
        String[] part = token.split("\\.", 3);
        if (part.length < 3) return false;
        Mac mac = Mac.getInstance("HmacSHA256");
        mac.init(new SecretKeySpec(System.getenv("RESULT_SECRET").getBytes(UTF_8), "HmacSHA256"));
        byte[] digest = mac.doFinal((part[0] + "." + part[1]).getBytes(UTF_8));
        String expected = Base64.getUrlEncoder().withoutPadding().encodeToString(digest);
        if (!MessageDigest.isEqual(expected.getBytes(UTF_8), part[2].getBytes(UTF_8)))
            return false; // not the sidecar's: nothing in it is looked at
        String json = new String(Base64.getUrlDecoder().decode(part[1]), UTF_8);
        JsonObject claims = JsonParser.parseString(json).getAsJsonObject();
        boolean isFresh = claims.get("exp").getAsLong() > System.currentTimeMillis() / 1000;
        return isFresh && claims.get("verified").getAsBoolean() && claims.get("paid").getAsBoolean();
    }

    public static void main(String[] args) throws Exception {
        System.exit(isPaid(args[0]) ? 0 : 1);
    }
}
