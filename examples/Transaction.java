import java.sql.*;

/** What is done with a connection, committed as a whole or not at all. */
@FunctionalInterface
interface Transaction {
    void on(Connection tx) throws Exception;

    static void run(String database, Transaction work) throws Exception {
        try (Connection tx = DriverManager.getConnection(database)) {
            tx.setAutoCommit(false);
            try {
                work.on(tx);
                tx.commit();
            } catch (Exception error) {
                tx.rollback(); // closing would do so in some databases, and commit in others
                throw error;
            }
        }
    }
}
