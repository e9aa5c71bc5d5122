using System.Net;
using Microsoft.AspNetCore.Http;
using Mycel.Node.Admission;
using Mycel.Node.Configuration;
using Mycel.Node.Observability;

namespace Mycel.Node.Tests.Admission;

public class AuthenticatorTests
{
    private readonly Keys _keys = new();
    private readonly FixedOptions _options = new(new MycelOptions());
    private readonly NodeMetrics _metrics = new();
    private readonly Authenticator _authenticator;

    public AuthenticatorTests() => _authenticator = new Authenticator(_keys, _options, new ClientAddress(_options), _metrics);

    private sealed class Keys : IKeyStore
    {
        public Dictionary<string, KeyScope> Known { get; } = [];

        public bool HasKeys => Known.Count > 0;

        public AccessKey? Find(ReadOnlySpan<char> secret) =>
            Known.TryGetValue(secret.ToString(), out var scope) ? new AccessKey { Id = "k1", Name = "n", Scope = scope, Prefix = "mycel-abcd", CreatedAt = default } : null;
    }

    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("::1")]
    [InlineData("::ffff:127.0.0.1")]
    public void Without_keys_this_machine_is_let_in(string address) => Assert.Equal(AuthenticationResult.Ok, Check(address, KeyScope.Admin));

    [Fact]
    public void Without_keys_others_are_not_also_when_the_last_one_was_revoked()
    {
        _keys.Known["s"] = KeyScope.Inference;
        Assert.Equal(AuthenticationResult.Ok, Check("192.168.1.9", KeyScope.Inference, ("Authorization", "Bearer s")));
        _keys.Known.Clear();
        Assert.Equal(AuthenticationResult.MissingKey, Check("192.168.1.9", KeyScope.Inference));
        _options.Current = new MycelOptions { Api = new ApiOptions { Open = true } };
        Assert.Equal(AuthenticationResult.Ok, Check("192.168.1.9", KeyScope.Inference));
        Assert.Equal(AuthenticationResult.MissingKey, Check("192.168.1.9", KeyScope.Admin));
        Assert.Equal(AuthenticationResult.MissingKey, Check("192.168.1.9", KeyScope.Metrics));
        Assert.Equal(AuthenticationResult.Ok, Check("127.0.0.1", KeyScope.Admin));
    }

    [Fact]
    public void With_keys_this_machine_needs_one_too_but_not_on_the_control_socket()
    {
        _keys.Known["s"] = KeyScope.Inference;
        Assert.Equal(AuthenticationResult.MissingKey, Check("127.0.0.1", KeyScope.Inference));
        Assert.Equal(AuthenticationResult.Ok, Check(null, KeyScope.Admin));
        Assert.Equal(1, _metrics.AuthenticationFailures.Value);
    }

    [Theory]
    [InlineData("Authorization", "Bearer s", AuthenticationResult.Ok)]
    [InlineData("authorization", "bearer  s ", AuthenticationResult.Ok)]
    [InlineData("x-api-key", "s", AuthenticationResult.Ok)]
    [InlineData("X-Api-Key", " s ", AuthenticationResult.Ok)]
    [InlineData("Authorization", "Bearer wrong", AuthenticationResult.WrongKey)]
    [InlineData("Authorization", "Bearer ", AuthenticationResult.MissingKey)]
    [InlineData("Authorization", "Basic s", AuthenticationResult.MissingKey)]
    [InlineData("Authorization", "s", AuthenticationResult.MissingKey)]
    [InlineData("Cookie", "s", AuthenticationResult.MissingKey)]
    [InlineData("x-api-key", "S", AuthenticationResult.WrongKey)]
    internal void A_key_is_shown_in_either_header(string header, string value, AuthenticationResult result)
    {
        _keys.Known["s"] = KeyScope.Inference;
        Assert.Equal(result, Check("192.168.1.9", KeyScope.Inference, (header, value)));
    }

    [Fact]
    public void Two_keys_in_one_header_are_none()
    {
        _keys.Known["s"] = KeyScope.Inference;
        Assert.Equal(AuthenticationResult.MissingKey, Check("192.168.1.9", KeyScope.Inference, ("x-api-key", "s"), ("x-api-key", "s")));
    }

    [Theory]
    [InlineData(KeyScope.Inference, KeyScope.Inference, true)]
    [InlineData(KeyScope.Inference, KeyScope.Metrics, false)]
    [InlineData(KeyScope.Inference, KeyScope.Admin, false)]
    [InlineData(KeyScope.Metrics, KeyScope.Metrics, true)]
    [InlineData(KeyScope.Metrics, KeyScope.Inference, false)]
    [InlineData(KeyScope.Metrics, KeyScope.Admin, false)]
    [InlineData(KeyScope.Admin, KeyScope.Inference, true)]
    [InlineData(KeyScope.Admin, KeyScope.Metrics, true)]
    [InlineData(KeyScope.Admin, KeyScope.Admin, true)]
    public void A_key_reaches_as_far_as_its_scope(KeyScope scope, KeyScope needed, bool isEnough)
    {
        _keys.Known["s"] = scope;
        Assert.Equal(isEnough ? AuthenticationResult.Ok : AuthenticationResult.InsufficientScope, Check("127.0.0.1", needed, ("x-api-key", "s")));
    }

    private AuthenticationResult Check(string? address, KeyScope needed, params (string Name, string Value)[] headers)
    {
        var context = new DefaultHttpContext();
        context.Connection.RemoteIpAddress = address is null ? null : IPAddress.Parse(address);
        foreach (var (name, value) in headers) context.Request.Headers.Append(name, value);
        return _authenticator.Check(context, needed, out _);
    }
}
