using Mycel.Node.Configuration;

namespace Mycel.Node.Settlement;

/// <summary>What a balance means, in one plain sentence: the same wherever it is shown.</summary>
internal static class CreditSentence
{
    /// <summary>For a node that is in no network.</summary>
    public const string NoNetwork = "This node belongs to no network, so nothing is paid and nothing is owed.";

    /// <summary>Says it.</summary>
    /// <param name="balance">Micro-credits of the account.</param>
    /// <param name="line">What it may owe.</param>
    /// <param name="earned">What this node earned of that.</param>
    /// <param name="used">What this node used of that.</param>
    public static string Of(long balance, long line, long earned, long used)
    {
        var have = balance < 0 ? $"You owe {Credits(-balance)}" : $"You have {Credits(balance)}";
        // Other nodes of the account have a share in the balance of which this one keeps no books.
        var who = earned - used == balance ? "you" : "on this node you";
        var left = Math.Max(0, line + Math.Min(0, balance));
        var owe = left == 0 ? "you may owe nothing" + (balance < 0 ? " more" : "") : $"you may owe up to {CreditAmount.Short(left)}{(balance < 0 ? " more" : "")}";
        return $"{have}: {who} served others for {CreditAmount.Short(earned)} and used {CreditAmount.Short(used)}; {owe}.";
    }

    private static string Credits(long amount) => amount == CreditAmount.One ? "1 credit" : CreditAmount.Short(amount) + " credits";
}
