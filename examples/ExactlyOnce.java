import com.google.gson.JsonObject;
import java.sql.*;

/** Applies an event of the sidecar exactly once, in the transaction of the caller. */
class ExactlyOnce {
    static void apply(Connection tx, JsonObject event) throws SQLException {
        String newEvent = "INSERT INTO danbao_event (id) VALUES (?) ON CONFLICT DO NOTHING";
        if (run(tx, newEvent, event.get("id").getAsString()) == 0) return; // applied before
        JsonObject data = event.getAsJsonObject("data");
        if (data.has("change")) // a refund, a login or an address has none: see its type
            run(tx, """
                INSERT INTO danbao_trade (out_trade_no, order_no, change, trade_status) VALUES (?, ?, ?, ?)
                ON CONFLICT (out_trade_no) DO UPDATE
                SET change = excluded.change, trade_status = excluded.trade_status
                WHERE danbao_trade.change < excluded.change""",
                data.get("out_trade_no").getAsString(), data.get("order_no").getAsString(),
                data.get("change").getAsLong(), data.get("trade_status").getAsString());
        if (event.get("type").getAsString().equals("order.paid")) // the shop's own side of it
            run(tx, "INSERT INTO delivery (order_no, total_fee) VALUES (?, ?) ON CONFLICT DO NOTHING",
                data.get("order_no").getAsString(), data.get("total_fee").getAsString());
    }

    static int run(Connection tx, String sql, Object... values) throws SQLException {
        try (PreparedStatement statement = tx.prepareStatement(sql)) {
            for (int i = 0; i < values.length; i++) statement.setObject(i + 1, values[i]);
            return statement.executeUpdate();
        }
    }
}
