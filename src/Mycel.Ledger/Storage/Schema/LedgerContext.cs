using Microsoft.EntityFrameworkCore;
using Mycel.Identity;

namespace Mycel.Ledger.Storage.Schema;

/// <summary>The tables, the same on SQLite and PostgreSQL. They are made by the classes in <c>Migrations</c>.</summary>
internal sealed class LedgerContext : DbContext
{
    public LedgerContext(DbContextOptions<LedgerContext> options)
        : base(options)
    {
        // Rows are added and attached by name; nobody changes one in passing.
        ChangeTracker.AutoDetectChangesEnabled = false;
        ChangeTracker.QueryTrackingBehavior = QueryTrackingBehavior.NoTracking;
    }

    public DbSet<LedgerRow> Ledgers => Set<LedgerRow>();

    public DbSet<AccountRow> Accounts => Set<AccountRow>();

    public DbSet<TransferRow> Transfers => Set<TransferRow>();

    public DbSet<PostingRow> Postings => Set<PostingRow>();

    public DbSet<ReceiptRow> Receipts => Set<ReceiptRow>();

    public DbSet<StandingRow> Standings => Set<StandingRow>();

    public DbSet<ProofRow> Proofs => Set<ProofRow>();

    public DbSet<ReputationRow> Reputations => Set<ReputationRow>();

    protected override void ConfigureConventions(ModelConfigurationBuilder configurationBuilder)
    {
        configurationBuilder.Properties<PeerId>().HaveConversion<PeerIdConverter>();
        configurationBuilder.Properties<AccountId>().HaveConversion<AccountIdConverter>();
        configurationBuilder.Properties<NetworkId>().HaveConversion<NetworkIdConverter>();
        configurationBuilder.Properties<OrderId>().HaveConversion<OrderIdConverter>();
        configurationBuilder.Properties<DateTimeOffset>().HaveConversion<MomentConverter>();
        configurationBuilder.Properties<ulong>().HaveConversion<SequenceConverter>();
    }

    protected override void OnModelCreating(ModelBuilder modelBuilder)
    {
        modelBuilder.Entity<LedgerRow>(row => row.ToTable("ledgers").HasKey(each => each.Network));
        modelBuilder.Entity<AccountRow>(row => row.ToTable("accounts").HasKey(each => new { each.Network, each.Account }));
        modelBuilder.Entity<TransferRow>(row => row.ToTable("transfers").HasKey(each => new { each.Network, each.Number }));
        modelBuilder.Entity<PostingRow>(row => row.ToTable("postings").HasKey(each => new { each.Network, each.Number, each.Account }));
        modelBuilder.Entity<ReceiptRow>(row => row.ToTable("receipts").HasKey(each => new { each.Book, each.Id }));
        modelBuilder.Entity<StandingRow>(row => row.ToTable("standings").HasKey(each => new { each.Book, each.Network, each.Account }));
        modelBuilder.Entity<ProofRow>(row => row.ToTable("proofs").HasKey(each => each.Key));
        modelBuilder.Entity<ReputationRow>(row => row.ToTable("reputations").HasKey(each => new { each.Book, each.Device }));
        foreach (Microsoft.EntityFrameworkCore.Metadata.IMutableProperty property in modelBuilder.Model.GetEntityTypes().SelectMany(static row => row.GetProperties()))
        {
            property.SetColumnName(ColumnName(property.Name));
            if (property is { Name: nameof(ProofRow.Key) }) continue;
            property.ValueGenerated = Microsoft.EntityFrameworkCore.Metadata.ValueGenerated.Never;
        }
    }

    /// <summary><c>PromptTokens</c> as <c>prompt_tokens</c>.</summary>
    private static string ColumnName(string name) => string.Concat(name.Select(static (letter, at) => char.IsAsciiLetterUpper(letter) ? (at > 0 ? "_" : "") + char.ToLowerInvariant(letter) : letter.ToString()));
}
