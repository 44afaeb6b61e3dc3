import com.google.gson.JsonObject;
import java.sql.*;
import java.util.Objects;

/** Applies what is new in the feed, and ends: SIDECAR=http://... API_TOKEN=... java -cp ... Feed jdbc:... */
class Feed {
    static String cursor(String database) throws SQLException {
        try (Connection db = DriverManager.getConnection(database); Statement query = db.createStatement()) {
            ResultSet row = query.executeQuery("SELECT after_id FROM danbao_cursor");
            return row.next() ? row.getString(1) : "";
        }
    }

    public static void main(String[] args) throws Exception {
        String database = args[0];
        FeedPage page;
        do {
            page = FeedPage.after(cursor(database));
            apply(database, page);
        } while (page.has_more());
    }

    static void apply(String database, FeedPage page) throws Exception {
        Transaction.run(database, tx -> { // the events and how far they go
            // From the beginning, and changes are counted anew.
            if (page == FeedPage.RESTORED) ExactlyOnce.run(tx, "UPDATE danbao_trade SET change = 0");
            for (JsonObject event : page.events()) ExactlyOnce.apply(tx, event);
            String next = Objects.requireNonNullElse(page.next(), "");
            ExactlyOnce.run(tx, "UPDATE danbao_cursor SET after_id = ?", next);
        });
    }
}
