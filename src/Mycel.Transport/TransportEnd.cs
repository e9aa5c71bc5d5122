namespace Mycel.Transport;

/// <summary>How a connection ended.</summary>
/// <param name="Kind">Who or what ended it.</param>
/// <param name="Code">As in <see cref="TransportException.Code"/>.</param>
/// <param name="Reason">For people: the reason that was given, or what happened.</param>
public readonly record struct TransportEnd(TransportFailure Kind, long Code, string Reason);
