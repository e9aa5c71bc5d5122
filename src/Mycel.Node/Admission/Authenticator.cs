using System.Net;
using Mycel.Node.Configuration;
using Mycel.Node.Observability;

namespace Mycel.Node.Admission;

/// <summary>Who a caller is.</summary>
/// <param name="Key">The key it showed, or null where none is needed.</param>
/// <param name="Scope">What it may do.</param>
internal readonly record struct Caller(AccessKey? Key, KeyScope Scope);

/// <summary>Whether a caller may do what it asks for.</summary>
internal enum AuthenticationResult
{
    Ok,
    MissingKey,
    WrongKey,
    InsufficientScope,
}

/// <summary>Tells callers by their keys. The local control socket needs none: who may open it is decided by the file system.</summary>
internal sealed class Authenticator(IKeyStore keys, IOptionsSource options, ClientAddress addresses, NodeMetrics metrics)
{
    private const string Bearer = "Bearer ";

    public AuthenticationResult Check(HttpContext context, KeyScope needed, out Caller caller)
    {
        if (IsControlSocket(context))
        {
            caller = new Caller(null, KeyScope.Admin);
            return AuthenticationResult.Ok;
        }
        if (!keys.HasKeys) return CheckWithoutKeys(addresses.Of(context), needed, out caller);
        caller = default;
        var presented = Presented(context.Request.Headers);
        if (presented.IsEmpty)
        {
            metrics.AuthenticationFailures.Increment();
            return AuthenticationResult.MissingKey;
        }
        if (keys.Find(presented) is not { } key)
        {
            metrics.AuthenticationFailures.Increment();
            return AuthenticationResult.WrongKey;
        }
        caller = new Caller(key, key.Scope);
        return key.Scope == KeyScope.Admin || key.Scope == needed ? AuthenticationResult.Ok : AuthenticationResult.InsufficientScope;
    }

    /// <summary>Without keys this machine's own callers may do everything, and others use the models where the owner said so – also when
    /// the last key was revoked while the node listens to others.</summary>
    private AuthenticationResult CheckWithoutKeys(IPAddress? address, KeyScope needed, out Caller caller)
    {
        var isOwn = address is not null && IPAddress.IsLoopback(address);
        caller = new Caller(null, isOwn ? KeyScope.Admin : KeyScope.Inference);
        if (isOwn || (options.Current.Api.Open && needed == KeyScope.Inference)) return AuthenticationResult.Ok;
        metrics.AuthenticationFailures.Increment();
        return AuthenticationResult.MissingKey;
    }

    /// <summary>Whether a request came over the local control socket: such connections have no address.</summary>
    public static bool IsControlSocket(HttpContext context) => context.Connection.RemoteIpAddress is null;

    private static ReadOnlySpan<char> Presented(IHeaderDictionary headers)
    {
        var authorization = headers.Authorization;
        if (authorization.Count == 1 && authorization[0] is { } value)
        {
            if (value.StartsWith(Bearer, StringComparison.OrdinalIgnoreCase)) return value.AsSpan(Bearer.Length).Trim();
        }
        return headers["x-api-key"] is [{ } key] ? key.AsSpan().Trim() : default;
    }

    /// <summary>Whether an address is this machine's own loopback.</summary>
    public static bool IsLoopback(string host) => host is "localhost" || (IPAddress.TryParse(host, out var address) && IPAddress.IsLoopback(address));
}
