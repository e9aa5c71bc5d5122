using System.Globalization;
using Google.Protobuf;
using Mycel.Identity;
using Mycel.Ledger.Statements;

namespace Mycel.Ledger.Tests.Statements;

/// <summary>Damaged and hostile bytes: only a refusal may come of them. MYCEL_FUZZ=25 makes more than 100,000 inputs for each parser.</summary>
public sealed class FuzzTests
{
    private const int Inputs = 4_000;

    private static readonly int Factor = int.Parse(Environment.GetEnvironmentVariable("MYCEL_FUZZ") ?? "1", CultureInfo.InvariantCulture);

    [Theory]
    [InlineData("order")]
    [InlineData("receipt")]
    [InlineData("countersignature")]
    [InlineData("settled")]
    [InlineData("appointment")]
    [InlineData("standing")]
    [InlineData("proof")]
    [InlineData("fraud")]
    [InlineData("reputation")]
    public void Only_a_refusal_comes_of_damage(string kind)
    {
        using var some = new Samples();
        (byte[] Valid, Action<byte[]> Parse) target = Target(some, kind);
        target.Parse(target.Valid);
        var random = new Random(20261121);
        for (int i = 0; i < Inputs * Factor; i++)
        {
            byte[] input = Damage(target.Valid, random);
            try
            {
                target.Parse(input);
            }
            catch (StatementException)
            {
                // A clear refusal.
            }
            catch (Exception defect)
            {
                Assert.Fail($"{Convert.ToHexStringLower(input)}: {defect}");
            }
        }
    }

    [Theory]
    [InlineData("order")]
    [InlineData("receipt")]
    [InlineData("countersignature")]
    [InlineData("appointment")]
    [InlineData("standing")]
    public void Bodies_of_noise_with_a_good_signature_are_refused_or_in_range(string kind)
    {
        using var some = new Samples();
        (byte[] valid, Action<byte[]> parse) = Target(some, kind);
        byte[] body = DeviceStatement.Parse(valid, 4096, "It").Body.ToArray();
        string domain = kind switch
        {
            "order" => Order.Domain,
            "receipt" => Receipt.Domain,
            "countersignature" => Countersignature.Domain,
            "appointment" => Appointment.Domain,
            _ => Standing.Domain,
        };
        var random = new Random(7);
        for (int i = 0; i < Inputs * Factor / 4; i++)
        {
            byte[] statement = DeviceStatement.Sign(some.PayerDevice, domain, Damage(body, random));
            try
            {
                parse(statement);
            }
            catch (StatementException)
            {
                // A clear refusal.
            }
            catch (Exception defect)
            {
                Assert.Fail($"{Convert.ToHexStringLower(statement)}: {defect}");
            }
        }
    }

    [Theory]
    [InlineData(221_845_391_999_999, true)]
    [InlineData(221_845_392_000_000, false)]
    [InlineData(253_402_300_799_999, false)]
    [InlineData(long.MaxValue, false)]
    [InlineData(long.MinValue, false)]
    [InlineData(-1, false)]
    [InlineData(0, true)]
    public void Of_times_at_the_ends_of_the_calendar_only_a_refusal_comes(long at, bool isTime)
    {
        using var some = new Samples();
        var order = Wire.Order.Parser.ParseFrom(DeviceStatement.Parse(some.Order.Bytes.Span, Order.MaxBytes, "It").Body.Span);
        order.ExpiresAt = at;
        order.IssuedAt = at > 0 ? at - 1 : at;
        var receipt = Wire.Receipt.Parser.ParseFrom(DeviceStatement.Parse(some.Receipt.Bytes.Span, Receipt.MaxBytes, "It").Body.Span);
        (receipt.StartedAt, receipt.FinishedAt) = (at, at);
        var appointment = Wire.Appointment.Parser.ParseFrom(DeviceStatement.Parse(some.Appointment.Bytes.Span, Appointment.MaxBytes, "It").Body.Span);
        (appointment.NotBefore, appointment.NotAfter) = (at > 0 ? at - 1 : at, at > 0 ? at : 1);
        var standing = Wire.Standing.Parser.ParseFrom(DeviceStatement.Parse(some.Standing.Bytes.Span, Standing.MaxBytes, "It").Body.Span);
        (standing.IssuedAt, standing.ExpiresAt) = (at > 0 ? at - 1 : at, at > 0 ? at : 1);
        byte[] payer = some.PayerCertificate.ToBytes(), provider = some.ProviderCertificate.ToBytes();
        Refuse(() => SettledReceipt.Create(Order.Parse(Sign(some.PayerDevice, Order.Domain, order)), some.Receipt, some.Countersignature, payer, provider).Verify());
        Refuse(() => Receipt.Parse(Sign(some.ProviderDevice, Receipt.Domain, receipt)).Verify(some.Order));
        Refuse(() => SettledReceipt.Create(some.Order, Receipt.Parse(Sign(some.ProviderDevice, Receipt.Domain, receipt)), some.Countersignature, payer, provider).Verify());
        Refuse(() => StandingProof.Create(Standing.Parse(Sign(some.ProviderDevice, Standing.Domain, standing)), some.ProviderCertificate, some.Appointment, some.PayerCertificate).Verify(some.Network));
        if (isTime) Assert.False(Appointment.Parse(Sign(some.PayerDevice, Appointment.Domain, appointment)).IsValidAt(Samples.Now));
        else Refuse(() => Appointment.Parse(Sign(some.PayerDevice, Appointment.Domain, appointment)));

        static void Refuse(Action use) => Assert.Throws<StatementException>(use);
        static byte[] Sign(DeviceKey device, string domain, IMessage body) => DeviceStatement.Sign(device, domain, body.ToByteArray());
    }

    private static (byte[] Valid, Action<byte[]> Parse) Target(Samples some, string kind) => kind switch
    {
        "order" => (some.Order.Bytes.ToArray(), bytes => Cost(Order.Parse(bytes))),
        "receipt" => (some.Receipt.Bytes.ToArray(), bytes => Receipt.Parse(bytes).Verify(some.Order)),
        "countersignature" => (some.Countersignature.Bytes.ToArray(), bytes => Countersignature.Parse(bytes).Verify(some.Order, some.Receipt)),
        "settled" => (some.Settled.Bytes.ToArray(), bytes => SettledReceipt.Parse(bytes).Verify()),
        "appointment" => (some.Appointment.Bytes.ToArray(), bytes => Appointment.Parse(bytes).Verify(some.PayerCertificate)),
        "standing" => (some.Standing.Bytes.ToArray(), bytes => Assert.InRange(Standing.Parse(bytes).Spendable, 0, long.MaxValue)),
        "proof" => (some.Proof.Bytes.ToArray(), bytes => StandingProof.Parse(bytes).Verify(some.Network)),
        "fraud" => (some.Fraud.Bytes.ToArray(), bytes => EquivocationProof.Parse(bytes).Verify()),
        _ => (Observed(), bytes => Assert.True(Ledger.Books.ReputationSums.Parse(bytes) is not { } sums || sums.Read(Samples.Now).SuccessShare is > 0 and < 1)),
    };

    // Whatever an order says, what follows from it is in range.
    private static void Cost(Order order)
    {
        Assert.InRange(order.Prices.ReserveFor(new RequestBounds(long.MaxValue, long.MaxValue)), 0, MicroCredits.Max);
        (long prompt, long completion) = order.Prices.Fit(Prices.MaxTokens, Prices.MaxTokens, order.MaxAmount);
        Assert.InRange(order.Prices.AmountFor(prompt, completion), 0, order.MaxAmount);
        order.Verify();
    }

    private static byte[] Observed()
    {
        var sums = new Ledger.Books.ReputationSums();
        sums.Add(new Ledger.Books.Observation { IsSuccess = true, IsDispute = true, Settled = 5, FirstTokenMs = 3, TokensPerSecond = 7 }, Samples.Now);
        return sums.ToBytes();
    }

    private static byte[] Damage(byte[] valid, Random random)
    {
        var bytes = valid.ToList();
        switch (random.Next(6))
        {
            case 0:
                bytes.RemoveRange(random.Next(bytes.Count), 1);
                break;
            case 1:
                bytes = bytes[..random.Next(bytes.Count)];
                break;
            case 2:
                int at = random.Next(bytes.Count);
                bytes.InsertRange(at, bytes[at..Math.Min(bytes.Count, at + random.Next(64))]);
                break;
            case 3:
                var noise = new byte[random.Next(300)];
                random.NextBytes(noise);
                return noise;
            default:
                for (int n = random.Next(1, 5); n > 0; n--) bytes[random.Next(bytes.Count)] = random.Next(3) == 0 ? (byte)0xFF : (byte)random.Next(256);
                break;
        }

        return [.. bytes];
    }
}
