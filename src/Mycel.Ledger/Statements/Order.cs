using System.Security.Cryptography;
using Google.Protobuf;
using Mycel.Identity;

namespace Mycel.Ledger.Statements;

/// <summary>What a payer orders.</summary>
public sealed record OrderTerms
{
    /// <summary>16 random bytes, from which the order's id follows.</summary>
    public required ReadOnlyMemory<byte> Nonce { get; init; }

    /// <summary>The network in which it is paid.</summary>
    public required NetworkId Network { get; init; }

    /// <summary>The payer's raw account key, 32 bytes.</summary>
    public required ReadOnlyMemory<byte> PayerAccountKey { get; init; }

    /// <summary>The provider's raw account key, 32 bytes; not the payer's.</summary>
    public required ReadOnlyMemory<byte> ProviderAccountKey { get; init; }

    /// <summary>The provider's raw device key, 32 bytes.</summary>
    public required ReadOnlyMemory<byte> ProviderDeviceKey { get; init; }

    /// <summary>The provider's run, as its greeting names it, 16 bytes.</summary>
    public required ReadOnlyMemory<byte> ProviderInstance { get; init; }

    /// <summary>The model, 1 to 256 characters.</summary>
    public required string Model { get; init; }

    /// <summary>The prices that the payer accepts.</summary>
    public required Prices Prices { get; init; }

    /// <summary>The most it will pay, 0 to <see cref="MicroCredits.Max"/> micro-credits.</summary>
    public required long MaxAmount { get; init; }

    /// <summary>Hash of the request, 32 bytes; see <see cref="Order.HashRequest"/>.</summary>
    public required ReadOnlyMemory<byte> RequestHash { get; init; }

    /// <summary>Now; whole milliseconds count.</summary>
    public required DateTimeOffset IssuedAt { get; init; }

    /// <summary>When the work must be over; at most <see cref="Order.MaxValidity"/> later.</summary>
    public required DateTimeOffset ExpiresAt { get; init; }
}

/// <summary>A payer's signed promise to pay for one request. Immutable; its form was checked, its signature only by <see cref="Verify"/>.</summary>
public sealed class Order
{
    /// <summary>Domain of the signature.</summary>
    public const string Domain = "mycel/order/1";

    /// <summary>Largest size, in bytes.</summary>
    public const int MaxBytes = 2048;

    /// <summary>Length of the nonce and of the instance, in bytes.</summary>
    public const int NonceBytes = 16;

    /// <summary>Longest name of a model, in characters.</summary>
    public const int MaxModelLength = 256;

    /// <summary>Longest validity.</summary>
    public static readonly TimeSpan MaxValidity = TimeSpan.FromHours(25);

    private const string What = "The order";

    private readonly DeviceStatement _statement;
    private readonly byte[] _bytes;
    private readonly byte[] _hash;
    private readonly byte[] _payerAccountKey;
    private readonly byte[] _payerDeviceKey;
    private readonly byte[] _providerAccountKey;
    private readonly byte[] _providerDeviceKey;
    private readonly byte[] _requestHash;
    private readonly byte[] _providerInstance;

    private Order(byte[] bytes)
    {
        _bytes = bytes;
        _statement = DeviceStatement.Parse(bytes, MaxBytes, What);
        Wire.Order body = Form.Read(Wire.Order.Parser, _statement.Body.Span, MaxBytes, What);
        _hash = SHA256.HashData(_statement.Body.Span);
        Network = new NetworkId(new PeerId(Form.Hash(body.NetworkId, "The order's network id")));
        _payerAccountKey = Form.Key(body.PayerAccountKey, "The payer's account key");
        _payerDeviceKey = Form.Key(body.PayerDeviceKey, "The payer's device key");
        _providerAccountKey = Form.Key(body.ProviderAccountKey, "The provider's account key");
        _providerDeviceKey = Form.Key(body.ProviderDeviceKey, "The provider's device key");
        if (_payerAccountKey.AsSpan().SequenceEqual(_providerAccountKey)) throw new StatementException("Payer and provider of an order are one account: nothing is paid within an account.");
        Payer = AccountId.FromPublicKey(_payerAccountKey);
        PayerDevice = PeerId.FromPublicKey(_payerDeviceKey);
        Provider = AccountId.FromPublicKey(_providerAccountKey);
        ProviderDevice = PeerId.FromPublicKey(_providerDeviceKey);
        Id = OrderId.FromBytes(Form.Bytes(body.OrderId, OrderId.SizeBytes, "The order's id"));
        if (Id != OrderId.Of(_payerDeviceKey, Form.Bytes(body.Nonce, NonceBytes, "The order's nonce"))) throw new StatementException("The order's id is not the payer's to give.");
        _providerInstance = Form.Bytes(body.ProviderInstance, NonceBytes, "The provider's instance");
        Model = Form.Text(body.Model, 1, MaxModelLength, "The model's name");
        Prices = new Prices(Form.Number(body.PromptPrice, Prices.Max, "The order's price"), Form.Number(body.CompletionPrice, Prices.Max, "The order's price"));
        MaxAmount = Form.Number(body.MaxAmount, MicroCredits.Max, "The order's largest amount");
        _requestHash = Form.Hash(body.RequestHash, "The request's hash");
        IssuedAt = Form.Time(body.IssuedAt, What);
        ExpiresAt = Form.Time(body.ExpiresAt, What);
        if (ExpiresAt <= IssuedAt || ExpiresAt - IssuedAt > MaxValidity) throw new StatementException($"An order is valid for at most {MaxValidity.TotalHours} hours.");
    }

    /// <summary>The statement as others read it.</summary>
    public ReadOnlyMemory<byte> Bytes => _bytes;

    /// <summary>Hash of what was signed, 32 bytes.</summary>
    public ReadOnlySpan<byte> Hash => _hash;

    /// <summary>Names the order and its receipt.</summary>
    public OrderId Id { get; }

    /// <summary>The network in which it is paid.</summary>
    public NetworkId Network { get; }

    /// <summary>Who pays.</summary>
    public AccountId Payer { get; }

    /// <summary>The device that signed.</summary>
    public PeerId PayerDevice { get; }

    /// <summary>Who is paid.</summary>
    public AccountId Provider { get; }

    /// <summary>The device that is to do the work.</summary>
    public PeerId ProviderDevice { get; }

    /// <summary>The payer's raw account key.</summary>
    public ReadOnlySpan<byte> PayerAccountKey => _payerAccountKey;

    /// <summary>The payer's raw device key.</summary>
    public ReadOnlySpan<byte> PayerDeviceKey => _payerDeviceKey;

    /// <summary>The provider's raw account key.</summary>
    public ReadOnlySpan<byte> ProviderAccountKey => _providerAccountKey;

    /// <summary>The provider's raw device key.</summary>
    public ReadOnlySpan<byte> ProviderDeviceKey => _providerDeviceKey;

    /// <summary>The provider's run for which it is, 16 bytes.</summary>
    public ReadOnlySpan<byte> ProviderInstance => _providerInstance;

    /// <summary>The model.</summary>
    public string Model { get; }

    /// <summary>The prices.</summary>
    public Prices Prices { get; }

    /// <summary>The most that is paid, in micro-credits.</summary>
    public long MaxAmount { get; }

    /// <summary>Hash of the request, 32 bytes.</summary>
    public ReadOnlySpan<byte> RequestHash => _requestHash;

    /// <summary>When it was signed, by the payer's clock.</summary>
    public DateTimeOffset IssuedAt { get; }

    /// <summary>When the work must be over.</summary>
    public DateTimeOffset ExpiresAt { get; }

    /// <summary>Orders, and signs (about 30 µs).</summary>
    /// <exception cref="StatementException">A value is out of range.</exception>
    public static Order Issue(DeviceKey device, OrderTerms terms)
    {
        ArgumentNullException.ThrowIfNull(device);
        ArgumentNullException.ThrowIfNull(terms);
        var body = new Wire.Order
        {
            OrderId = Form.Copy(OrderId.Of(device.PublicKey, terms.Nonce.Span).ToBytes()),
            NetworkId = Form.Id(terms.Network.Hash),
            PayerAccountKey = Form.Copy(terms.PayerAccountKey.Span),
            PayerDeviceKey = Form.Copy(device.PublicKey),
            ProviderAccountKey = Form.Copy(terms.ProviderAccountKey.Span),
            ProviderDeviceKey = Form.Copy(terms.ProviderDeviceKey.Span),
            Model = terms.Model,
            PromptPrice = terms.Prices.Prompt,
            CompletionPrice = terms.Prices.Completion,
            MaxAmount = terms.MaxAmount,
            RequestHash = Form.Copy(terms.RequestHash.Span),
            IssuedAt = terms.IssuedAt.ToUnixTimeMilliseconds(),
            ExpiresAt = terms.ExpiresAt.ToUnixTimeMilliseconds(),
            Nonce = Form.Copy(terms.Nonce.Span),
            ProviderInstance = Form.Copy(terms.ProviderInstance.Span),
        };
        return new Order(DeviceStatement.Sign(device, Domain, body.ToByteArray()));
    }

    /// <summary>Reads an order and checks its form.</summary>
    /// <exception cref="StatementException">It is damaged, or a value is out of range.</exception>
    public static Order Parse(ReadOnlySpan<byte> bytes)
        => bytes.Length <= MaxBytes ? new Order(bytes.ToArray()) : throw new StatementException($"{What} has {bytes.Length:N0} bytes; {MaxBytes:N0} are the most.");

    /// <summary>Checks the signature of the payer's device (about 75 µs).</summary>
    /// <exception cref="StatementException">The device did not sign it.</exception>
    public void Verify() => _statement.Verify(Domain, _payerDeviceKey);

    /// <summary>Hash of a request: of its path in ASCII, a zero byte, and the body as it is sent.</summary>
    /// <returns>32 bytes.</returns>
    public static byte[] HashRequest(string path, ReadOnlySpan<byte> body)
    {
        ArgumentNullException.ThrowIfNull(path);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(System.Text.Encoding.ASCII.GetBytes(path));
        hash.AppendData([0]);
        hash.AppendData(body);
        return hash.GetHashAndReset();
    }
}
