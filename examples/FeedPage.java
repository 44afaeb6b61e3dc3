import com.google.gson.*;
import java.net.*;
import java.net.http.*;
import java.time.Duration;
import java.util.List;
import static java.nio.charset.StandardCharsets.UTF_8;

/** The events after one, as the sidecar answers; `next` is the last of them. */
record FeedPage(List<JsonObject> events, String next, boolean has_more) {
    /** 410, cursor_unknown: the sidecar's database was restored from an older copy. */
    static final FeedPage RESTORED = new FeedPage(List.of(), null, true);

    static FeedPage after(String id) throws Exception {
        URI uri = URI.create(System.getenv("SIDECAR") + "/v1/events?after=" + URLEncoder.encode(id, UTF_8));
        String token = "Bearer " + System.getenv("API_TOKEN");
        HttpRequest request = HttpRequest.newBuilder(uri).header("Authorization", token)
            .timeout(Duration.ofSeconds(30)).build();
        var answer = HttpClient.newHttpClient().send(request, HttpResponse.BodyHandlers.ofString());
        int status = answer.statusCode();
        if (status == 410 && !id.isEmpty()) return RESTORED;
        if (status != 200) throw new IllegalStateException("the sidecar answers " + status);
        return new Gson().fromJson(answer.body(), FeedPage.class);
    }
}
