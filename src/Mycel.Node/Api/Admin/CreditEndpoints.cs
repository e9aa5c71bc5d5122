using Microsoft.AspNetCore.Mvc;
using Mycel.Identity;
using Mycel.Ledger;
using Mycel.Ledger.Statements;
using Mycel.Ledger.Storage;
using Mycel.Node.Networks;
using Mycel.Node.Settlement;

namespace Mycel.Node.Api.Admin;

/// <summary>What this account has and owes, and what proves it: <c>/v1/node/credits</c>, <c>/v1/node/ledger/verify</c>, <c>/v1/receipts</c>.</summary>
internal static class CreditEndpoints
{
    private const int DefaultLimit = 50;
    private const int MaxLimit = 1000;
    private const string RawType = "application/octet-stream";

    /// <summary>Maps the endpoints.</summary>
    public static void MapCredit(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/v1/node").WithTags("Credit").WithMetadata(Access.Admin);
        group.MapGet("/credits", ReadAsync).WithSummary("What this account has and owes in each network, and with each other account.").Produces<CreditReply>();
        group.MapGet("/credits/history", HistoryAsync).WithSummary("Receipts, the latest first.").Produces<ReceiptListReply>();
        group.MapGet("/ledger/verify", VerifyAsync).WithSummary("Re-checks every signature, chain and sum of this node's books.").Produces<LedgerCheckReply>();
        routes.MapGet("/v1/receipts/{id}", ReceiptAsync).WithTags("Credit").WithMetadata(Access.Admin)
            .WithSummary("One receipt; with ?format=raw or Accept: application/octet-stream the signed bytes, which anyone can verify.").Produces<ReceiptReply>().Produces(404);
        routes.MapGet("/v1/receipts/{id}/verify", VerifyReceiptAsync).WithTags("Credit").WithMetadata(Access.Admin)
            .WithSummary("Re-checks one receipt: its signatures, certificates and sums, and that this node's book says the same.").Produces<ReceiptCheckReply>().Produces(404);
    }

    private static Task ReadAsync(HttpContext context, [FromServices] CreditReport report) => GuardAsync(context, async () =>
        await AdminReply.WriteAsync(context, 200, CreditReply.Of(await report.ReadAsync(context.RequestAborted)), CreditJson.Default.CreditReply));

    private static Task HistoryAsync(HttpContext context, [FromServices] CreditRoom room, [FromServices] IPeerBook peers, [FromServices] NetworkRegistry networks) => GuardAsync(context, async () =>
    {
        if (await AdminReply.ReadNumberAsync(context, "limit", context.Request.Query["limit"], DefaultLimit, MaxLimit) is not { } limit) return;
        if (!TryReadQuery(context.Request.Query, networks, limit, out var query, out var wrong))
        {
            await ApiError.WriteAsync(context, 400, "invalid_parameter", wrong.Message, wrong.Field);
            return;
        }
        var records = await room.ReadyAsync() is { } books ? await books.Store.ReceiptsAsync(query, context.RequestAborted) : [];
        var reply = new ReceiptListReply([.. records.Select(record => ReceiptReply.Of(record, peers))], records.Count == limit ? records[^1].Id.ToString() : null);
        await AdminReply.WriteAsync(context, 200, reply, CreditJson.Default.ReceiptListReply);
    });

    private static Task VerifyAsync(HttpContext context, [FromServices] LedgerCheck check) => GuardAsync(context, async () =>
    {
        var found = await check.RunAsync(context.RequestAborted);
        var reply = new LedgerCheckReply(found.All(book => book.Problem is null), [.. found.Select(book => new BookCheckReply(
            book.Name, book.IsLedger ? "ledger" : "receipts", book.Entries, book.BadEntry > 0 ? book.BadEntry : null, book.BadReceipt, book.Problem))]);
        await AdminReply.WriteAsync(context, 200, reply, CreditJson.Default.LedgerCheckReply);
    });

    private static Task VerifyReceiptAsync(HttpContext context, string id, [FromServices] LedgerCheck check) => GuardAsync(context, async () =>
    {
        if (await ReadIdAsync(context, id) is not { } order) return;
        if (await check.OfReceiptAsync(order, context.RequestAborted) is { } found) await AdminReply.WriteAsync(context, 200, ReceiptCheckReply.Of(found), CreditJson.Default.ReceiptCheckReply);
        else await RefuseUnknownAsync(context);
    });

    private static async Task<OrderId?> ReadIdAsync(HttpContext context, string id)
    {
        if (OrderId.TryParse(id, out var order)) return order;
        await ApiError.WriteAsync(context, 400, "invalid_parameter", "A receipt's id has 32 hexadecimal digits.", "id");
        return null;
    }

    private static Task RefuseUnknownAsync(HttpContext context) =>
        ApiError.WriteAsync(context, 404, "receipt_not_found", "This node has no receipt of that id: it paid nothing and earned nothing by it.", "id");

    private static Task ReceiptAsync(HttpContext context, string id, [FromServices] CreditRoom room, [FromServices] IPeerBook peers) => GuardAsync(context, async () =>
    {
        if (await ReadIdAsync(context, id) is not { } order) return;
        if (await room.ReadyAsync() is not { } books || await books.Store.FindReceiptAsync(order, context.RequestAborted) is not { } record)
        {
            await RefuseUnknownAsync(context);
            return;
        }
        if (context.Request.Query["format"] == "raw" || context.Request.Headers.Accept.ToString().Contains(RawType, StringComparison.OrdinalIgnoreCase))
        {
            context.Response.ContentType = RawType;
            context.Response.ContentLength = record.Bytes.Length;
            await context.Response.Body.WriteAsync(record.Bytes, context.RequestAborted);
            return;
        }
        var reply = ReceiptReply.Of(record, peers) with
        {
            Order = ReceiptOrderReply.Of(SettledReceipt.Parse(record.Bytes.Span)),
            Signed = Convert.ToBase64String(record.Bytes.Span),
        };
        await AdminReply.WriteAsync(context, 200, reply, CreditJson.Default.ReceiptReply);
    });

    private static bool TryReadQuery(IQueryCollection asked, NetworkRegistry networks, int limit, out ReceiptQuery query, out (string Field, string Message) wrong)
    {
        query = new ReceiptQuery { Limit = limit };
        wrong = default;
        if (asked["network"].ToString() is { Length: > 0 } network)
        {
            if (networks.Find(network) is not { } found) wrong = ("network", "This node belongs to no network of that name or id.");
            else query = query with { Network = found.Charter.Id };
        }
        if (asked["side"].ToString() is { Length: > 0 } side)
        {
            if (side is not ("paid" or "earned")) wrong = ("side", "side is paid or earned.");
            else query = query with { Side = side == "paid" ? ReceiptSide.Paid : ReceiptSide.Earned };
        }
        if (asked["state"].ToString() is { Length: > 0 } state)
        {
            if (!Enum.TryParse<ReceiptState>(state, ignoreCase: true, out var one) || !Enum.IsDefined(one) || char.IsAsciiDigit(state[0]))
                wrong = ("state", "state is receipted, countersigned, acknowledged, waiting, posted or refused.");
            else query = query with { States = [one] };
        }
        if (asked["before"].ToString() is { Length: > 0 } before)
        {
            if (!OrderId.TryParse(before, out var id)) wrong = ("before", "before is the id of a receipt, 32 hexadecimal digits.");
            else query = query with { Before = id };
        }
        if (asked["since"].ToString() is { Length: > 0 } since)
        {
            if (!DateTimeOffset.TryParse(since, System.Globalization.CultureInfo.InvariantCulture, System.Globalization.DateTimeStyles.AssumeUniversal, out var from))
                wrong = ("since", "since is a time such as 2026-05-01T00:00:00Z.");
            else query = query with { From = from };
        }
        if (asked["key"].ToString() is { Length: > 0 } key) query = query with { KeyName = key };
        return wrong.Field is null;
    }

    private static async Task GuardAsync(HttpContext context, Func<Task> handler)
    {
        try
        {
            await handler();
        }
        catch (Exception failure) when (failure is LedgerException or StatementException && !context.RequestAborted.IsCancellationRequested)
        {
            await ApiError.WriteAsync(context, 500, "storage_failed", failure.Message);
        }
    }
}
