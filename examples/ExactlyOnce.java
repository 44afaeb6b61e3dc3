// Takes in the sidecar's webhooks, each event exactly once: java -cp sqlite-jdbc.jar:gson.jar ExactlyOnce.java PORT jdbc:...
import com.google.gson.*;
import com.sun.net.httpserver.*;
import java.net.InetSocketAddress;
import java.security.MessageDigest;
import java.sql.*;
import java.util.*;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

class ExactlyOnce {
    static final byte[] SECRET =
        Base64.getDecoder().decode(System.getenv("WEBHOOK_SECRET").replaceFirst("^whsec_", ""));

    static boolean isGenuine(Headers headers, byte[] body) throws Exception {
        String id = headers.getFirst("webhook-id"), at = headers.getFirst("webhook-timestamp");
        String given = headers.getFirst("webhook-signature");
        if (id == null || at == null || given == null) return false;
        Mac mac = Mac.getInstance("HmacSHA256");
        mac.init(new SecretKeySpec(SECRET, "HmacSHA256"));
        mac.update((id + "." + at + ".").getBytes());
        byte[] expected = ("v1," + Base64.getEncoder().encodeToString(mac.doFinal(body))).getBytes();
        boolean fits = Arrays.stream(given.split(" ")).anyMatch(s -> MessageDigest.isEqual(expected, s.getBytes()));
        return fits && Math.abs(System.currentTimeMillis() / 1000 - Long.parseLong(at)) < 300;
    }

    static int run(Connection tx, String sql, Object... values) throws SQLException {
        try (PreparedStatement statement = tx.prepareStatement(sql)) {
            for (int i = 0; i < values.length; i++) statement.setObject(i + 1, values[i]);
            return statement.executeUpdate();
        }
    }

    static void takeIn(Connection tx, JsonObject event) throws SQLException {
        JsonObject data = event.getAsJsonObject("data");
        if (run(tx, "INSERT INTO danbao_event (id) VALUES (?) ON CONFLICT DO NOTHING", event.get("id").getAsString()) == 0)
            return; // taken in before
        if (!data.has("change")) return; // a refund, a login, an address: see its type
        String orderNo = data.get("order_no").getAsString();
        run(tx, "INSERT INTO danbao_trade (out_trade_no, order_no, change, trade_status) VALUES (?, ?, ?, ?)"
            + " ON CONFLICT (out_trade_no) DO UPDATE SET change = excluded.change, trade_status = excluded.trade_status"
            + " WHERE danbao_trade.change < excluded.change",
            data.get("out_trade_no").getAsString(), orderNo, data.get("change").getAsLong(), data.get("trade_status").getAsString());
        if (event.get("type").getAsString().equals("order.paid"))
            run(tx, "INSERT INTO delivery (order_no, total_fee) VALUES (?, ?)", orderNo, data.get("total_fee").getAsString());
    }

    static int answer(String database, HttpExchange call) {
        try (Connection tx = DriverManager.getConnection(database)) {
            byte[] body = call.getRequestBody().readAllBytes();
            if (!isGenuine(call.getRequestHeaders(), body)) return 401;
            tx.setAutoCommit(false);
            takeIn(tx, JsonParser.parseString(new String(body)).getAsJsonObject());
            tx.commit(); // what is not committed is rolled back when the connection closes
            return 204;
        } catch (Exception error) {
            return 500; // the sidecar tells it again
        }
    }

    public static void main(String[] args) throws Exception {
        HttpServer server = HttpServer.create(new InetSocketAddress("127.0.0.1", Integer.parseInt(args[0])), 0);
        server.createContext("/", call -> { call.sendResponseHeaders(answer(args[1], call), -1); call.close(); });
        server.start();
    }
}
