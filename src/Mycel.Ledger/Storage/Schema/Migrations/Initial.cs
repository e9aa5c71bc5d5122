using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;
using Npgsql.EntityFrameworkCore.PostgreSQL.Metadata;

namespace Mycel.Ledger.Storage.Schema.Migrations;

/// <summary>The first tables.</summary>
[DbContext(typeof(LedgerContext))]
[Migration("20261121000000_Initial")]
internal sealed class Initial : Migration
{
    protected override void Up(MigrationBuilder migrationBuilder)
    {
        AddClearing(migrationBuilder);
        AddBooks(migrationBuilder);
        foreach (string table in (string[])["transfers", "postings"])
            ForbidChanges(migrationBuilder, table);
    }

    /// <summary>What a clearing node keeps of its networks.</summary>
    private static void AddClearing(MigrationBuilder migrationBuilder)
    {
        migrationBuilder.CreateTable(
            "ledgers",
            static table => new
            {
                network = table.Column<byte[]>(),
                ledger_id = table.Column<byte[]>(),
                entries = table.Column<long>(),
                head = table.Column<byte[]>(),
            },
            constraints: static table => table.PrimaryKey("pk_ledgers", static row => row.network));
        migrationBuilder.CreateTable(
            "accounts",
            static table => new
            {
                network = table.Column<byte[]>(),
                account = table.Column<byte[]>(),
                balance = table.Column<long>(),
                sequence = table.Column<long>(),
            },
            constraints: static table => table.PrimaryKey("pk_accounts", static row => new { row.network, row.account }));
        migrationBuilder.CreateTable(
            "transfers",
            static table => new
            {
                network = table.Column<byte[]>(),
                number = table.Column<long>(),
                order_id = table.Column<byte[]>(),
                payer = table.Column<byte[]>(),
                provider = table.Column<byte[]>(),
                amount = table.Column<long>(),
                at = table.Column<long>(),
                hash = table.Column<byte[]>(),
                bytes = table.Column<byte[]>(),
            },
            constraints: static table =>
            {
                table.PrimaryKey("pk_transfers", static row => new { row.network, row.number });
                table.UniqueConstraint("uq_transfers_order_id", static row => new { row.network, row.order_id });
                table.CheckConstraint("ck_transfers_amount", "amount >= 0");
                table.CheckConstraint("ck_transfers_sides", "payer <> provider");
            });
        migrationBuilder.CreateTable(
            "postings",
            static table => new
            {
                network = table.Column<byte[]>(),
                number = table.Column<long>(),
                account = table.Column<byte[]>(),
                amount = table.Column<long>(),
            },
            constraints: static table => table.PrimaryKey("pk_postings", static row => new { row.network, row.number, row.account }));
        migrationBuilder.CreateTable(
            "proofs",
            static table => new
            {
                key = table.Column<long>()
                    .Annotation("Sqlite:Autoincrement", true)
                    .Annotation("Npgsql:ValueGenerationStrategy", NpgsqlValueGenerationStrategy.IdentityByDefaultColumn),
                network = table.Column<byte[]>(),
                account = table.Column<byte[]>(),
                bytes = table.Column<byte[]>(),
            },
            constraints: static table =>
            {
                table.PrimaryKey("pk_proofs", static row => row.key);
                table.UniqueConstraint("uq_proofs_account", static row => new { row.network, row.account });
            });
    }

    /// <summary>What every device keeps for itself.</summary>
    private static void AddBooks(MigrationBuilder migrationBuilder)
    {
        migrationBuilder.CreateTable(
            "receipts",
            static table => new
            {
                book = table.Column<byte[]>(),
                id = table.Column<byte[]>(),
                network = table.Column<byte[]>(),
                side = table.Column<int>(),
                state = table.Column<int>(),
                account = table.Column<byte[]>(),
                device = table.Column<byte[]>(),
                model = table.Column<string>(),
                prompt_tokens = table.Column<long>(),
                completion_tokens = table.Column<long>(),
                amount = table.Column<long>(),
                claimed = table.Column<long>(),
                key_name = table.Column<string>(nullable: true),
                at = table.Column<long>(),
                disputed_at = table.Column<long>(nullable: true),
                entry = table.Column<long>(nullable: true),
                reason = table.Column<string>(nullable: true),
                bytes = table.Column<byte[]>(),
            },
            constraints: static table => table.PrimaryKey("pk_receipts", static row => new { row.book, row.id }));
        migrationBuilder.CreateIndex("ix_receipts_at", "receipts", ["book", "at", "id"]);
        // The few that something is still to be done about, among years of others (Posted = 5, Refused = 6).
        migrationBuilder.CreateIndex("ix_receipts_open", "receipts", ["book", "at", "id"], filter: "state < 5");
        // Those that still count at a start are of the last day.
        migrationBuilder.CreateIndex("ix_receipts_disputed", "receipts", ["book", "disputed_at"], filter: "disputed_at IS NOT NULL");
        migrationBuilder.CreateTable(
            "standings",
            static table => new
            {
                book = table.Column<byte[]>(),
                network = table.Column<byte[]>(),
                account = table.Column<byte[]>(),
                sequence = table.Column<long>(),
                bytes = table.Column<byte[]>(),
            },
            constraints: static table => table.PrimaryKey("pk_standings", static row => new { row.book, row.network, row.account }));
        migrationBuilder.CreateTable(
            "reputations",
            static table => new
            {
                book = table.Column<byte[]>(),
                device = table.Column<byte[]>(),
                bytes = table.Column<byte[]>(),
            },
            constraints: static table => table.PrimaryKey("pk_reputations", static row => new { row.book, row.device }));
    }

    /// <summary>Rows of a table can be added and read, nothing else.</summary>
    private static void ForbidChanges(MigrationBuilder migrationBuilder, string table)
    {
        if (migrationBuilder.IsNpgsql())
        {
            migrationBuilder.Sql(
                $"""
                CREATE FUNCTION {table}_stay() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION '{table} are only ever added'; END $$;
                CREATE TRIGGER {table}_stay BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} FOR EACH STATEMENT EXECUTE FUNCTION {table}_stay();
                """);
            return;
        }

        foreach (string change in (string[])["UPDATE", "DELETE"])
            migrationBuilder.Sql($"CREATE TRIGGER {table}_no_{change.ToLowerInvariant()} BEFORE {change} ON {table} BEGIN SELECT RAISE(ABORT, '{table} are only ever added'); END;");
    }
}
