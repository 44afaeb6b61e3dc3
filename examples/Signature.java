import com.sun.net.httpserver.Headers;
import java.security.*;
import java.util.*;
import java.util.stream.Stream;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import static java.nio.charset.StandardCharsets.UTF_8;

/** Whether it is the sidecar that calls: Standard Webhooks 1.0, over the body as it came. */
record Signature(SecretKeySpec secret) {
    static Signature of(String secret) {
        byte[] key = Base64.getDecoder().decode(secret.replaceFirst("^whsec_", ""));
        return new Signature(new SecretKeySpec(key, "HmacSHA256"));
    }

    boolean fits(Headers headers, byte[] body) throws GeneralSecurityException {
        String id = headers.getFirst("webhook-id"), at = headers.getFirst("webhook-timestamp");
        String given = headers.getFirst("webhook-signature");
        if (id == null || at == null || given == null || !at.matches("[0-9]{1,15}")) return false;
        Mac mac = Mac.getInstance("HmacSHA256");
        mac.init(secret);
        mac.update((id + "." + at + ".").getBytes(UTF_8));
        byte[] expected = ("v1," + Base64.getEncoder().encodeToString(mac.doFinal(body))).getBytes(UTF_8);
        boolean isNow = Math.abs(System.currentTimeMillis() / 1000 - Long.parseLong(at)) < 300;
        Stream<byte[]> all = Arrays.stream(given.split(" ")).map(one -> one.getBytes(UTF_8));
        return isNow && all.anyMatch(one -> MessageDigest.isEqual(expected, one));
    }
}
