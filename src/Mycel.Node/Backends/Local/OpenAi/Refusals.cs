using System.Globalization;
using Mycel.Llama;
using Mycel.Node.Models;

namespace Mycel.Node.Backends.Local.OpenAi;

/// <summary>What went wrong, as the outcome of an attempt.</summary>
internal static class Refusals
{
    private const string BusySeconds = "2";
    private const string LostSeconds = "1";

    /// <summary>The request itself is wrong.</summary>
    public static AttemptOutcome Of(InvalidRequestException error) => Rejected(error.Code, error.Message, error.Param);

    /// <summary>The model cannot be served now.</summary>
    public static AttemptOutcome Of(ModelException error) => new(AttemptKind.Refused, new Refusal(error.Status, error.Code, error.Message)
    {
        RetryAfter = error.RetryAfterSeconds?.ToString(CultureInfo.InvariantCulture),
    });

    /// <summary>The engine could not do it.</summary>
    /// <param name="fault">What it says.</param>
    /// <param name="isCommitted">Whether some of its output has reached the caller.</param>
    public static AttemptOutcome Of(EngineFault fault, bool isCommitted)
    {
        if (isCommitted) return new AttemptOutcome(AttemptKind.Broken, Unavailable(fault));
        return fault.Kind switch
        {
            EngineFaultKind.BadRequest => Rejected(InvalidRequestException.InvalidValue, fault.Message, fault.Param),
            EngineFaultKind.TooLong => Rejected("context_length_exceeded", fault.Message, fault.Param),
            _ => new AttemptOutcome(AttemptKind.Refused, Unavailable(fault)),
        };
    }

    /// <summary>The call was ended from this side.</summary>
    public static AttemptOutcome OfEnded(EndReason reason, string model, bool isCommitted)
    {
        var refusal = reason switch
        {
            EndReason.Silent => new Refusal(504, "engine_timeout", $"The local model '{model}' was silent past its time."),
            EndReason.Vanished => Unavailable(new EngineFault(EngineFaultKind.Lost, $"The engine of the local model '{model}' ended. Send the request again.")),
            _ => null,
        };
        if (refusal is null) return AttemptOutcome.Ended;
        return new AttemptOutcome(isCommitted ? AttemptKind.Broken : AttemptKind.Refused, refusal);
    }

    private static Refusal Unavailable(EngineFault fault) => fault.Kind == EngineFaultKind.Busy
        ? new Refusal(429, "engine_busy", fault.Message) { RetryAfter = BusySeconds }
        : new Refusal(503, "engine_lost", fault.Message) { RetryAfter = LostSeconds };

    private static AttemptOutcome Rejected(string code, string message, string? param)
    {
        var body = new JsonOutput();
        body.Raw("{\"error\":{\"message\":"u8).String(message)
            .Raw(",\"type\":\"invalid_request_error\",\"param\":"u8).String(param)
            .Raw(",\"code\":"u8).String(code).Raw("}}"u8);
        return new AttemptOutcome(AttemptKind.Rejected, new Refusal(400, code, message)
        {
            Body = body.Written.ToArray(),
            ContentType = "application/json",
        });
    }
}
