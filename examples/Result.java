// Whether the result that a browser brought is the sidecar's: RESULT_SECRET=... java -cp gson.jar Result.java TOKEN
import com.google.gson.*;
import java.security.MessageDigest;
import java.util.Base64;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

class Result {
    public static void main(String[] args) throws Exception {
        String[] part = args[0].split("\\.");
        Mac mac = Mac.getInstance("HmacSHA256");
        mac.init(new SecretKeySpec(System.getenv("RESULT_SECRET").getBytes(), "HmacSHA256"));
        byte[] digest = mac.doFinal((part[0] + "." + part[1]).getBytes());
        boolean genuine = MessageDigest.isEqual(digest, Base64.getUrlDecoder().decode(part[2]));
        JsonObject claims = JsonParser.parseString(new String(Base64.getUrlDecoder().decode(part[1]))).getAsJsonObject();
        boolean alive = claims.get("exp").getAsLong() > System.currentTimeMillis() / 1000;
        boolean paid = claims.get("verified").getAsBoolean() && claims.get("paid").getAsBoolean();
        System.exit(genuine && alive && paid ? 0 : 1);
    }
}
