namespace Mycel.Ledger.Tests.Simulation.World;

/// <summary>A request with its order, as it comes to a provider.</summary>
/// <param name="Id">The order's id.</param>
/// <param name="Order">The signed order; empty where none goes with it.</param>
/// <param name="Standing">The payer's standing; empty where it has none.</param>
/// <param name="Work">What is asked for.</param>
/// <param name="Progress">Where parts of the answer arrive.</param>
internal sealed record RequestMessage(OrderId Id, byte[] Order, byte[] Standing, Work Work, Action<int, byte[]> Progress);

/// <summary>The end of an answer: why nothing was done, or what it took.</summary>
/// <param name="Refusal">Why nothing was done; null where something was.</param>
/// <param name="Parts">Parts that were sent.</param>
/// <param name="PromptTokens">The reply's usage.</param>
/// <param name="CompletionTokens">The reply's usage.</param>
/// <param name="Receipt">The signed receipt; empty for none.</param>
internal sealed record ReplyMessage(CreditRefusal? Refusal, int Parts, long PromptTokens, long CompletionTokens, byte[] Receipt);

/// <summary>Some bytes.</summary>
internal sealed record BytesMessage(byte[] Bytes);
