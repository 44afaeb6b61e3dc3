import com.google.gson.*;
import com.sun.net.httpserver.*;
import java.net.InetSocketAddress;
import java.util.concurrent.Executors;
import static java.nio.charset.StandardCharsets.UTF_8;

/** Takes in the sidecar's webhooks: WEBHOOK_SECRET=whsec_... java -cp ... Webhook PORT jdbc:... */
record Webhook(Signature signature, String database) {
    int answer(HttpExchange call) {
        try {
            byte[] body = call.getRequestBody().readNBytes(1_000_000); // more than any event has
            if (!signature.fits(call.getRequestHeaders(), body)) return 401;
            JsonObject event = JsonParser.parseString(new String(body, UTF_8)).getAsJsonObject();
            Transaction.run(database, tx -> ExactlyOnce.apply(tx, event));
            return 204;
        } catch (Exception error) {
            System.err.println(error);
            return 500; // the sidecar tells it again
        }
    }

    public static void main(String[] args) throws Exception {
        Webhook webhook = new Webhook(Signature.of(System.getenv("WEBHOOK_SECRET")), args[1]);
        int port = Integer.parseInt(args[0]);
        HttpServer server = HttpServer.create(new InetSocketAddress("127.0.0.1", port), 0);
        server.setExecutor(Executors.newCachedThreadPool()); // else who is slow holds up all
        server.createContext("/", call -> {
            call.sendResponseHeaders(webhook.answer(call), -1);
            call.close();
        });
        server.start();
    }
}
