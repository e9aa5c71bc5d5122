using Mycel.Ledger.Books;
using Mycel.Ledger.Storage;

namespace Mycel.Node.Settlement;

/// <summary>The books of this node, open.</summary>
/// <param name="Store">Where they are kept.</param>
/// <param name="Context">What they share.</param>
/// <param name="Fraud">Accounts whose fraud is proved.</param>
/// <param name="Standings">What the networks' ledgers say of accounts.</param>
/// <param name="Payer">What this node orders and pays.</param>
/// <param name="Provider">What it is owed.</param>
/// <param name="Outbox">What is still to be handed on.</param>
/// <param name="Clearing">The ledgers that it keeps for networks.</param>
internal sealed record CreditBooks(
    LedgerStore Store, BookContext Context, FraudBook Fraud, Standings Standings, PayerBook Payer, ProviderBook Provider, Outbox Outbox, ClearingBook Clearing);
