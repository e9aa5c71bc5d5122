using Mycel.Node.Discovery;
using Mycel.Node.Observability;

namespace Mycel.Node.Api;

/// <summary>What <c>/metrics</c> tells of the table of peers; nothing where this node takes no part in it.</summary>
internal static class TableMetrics
{
    /// <summary>Writes it.</summary>
    public static void Write(PrometheusText text, TableState state)
    {
        if (state.Statistics is not { } now) return;
        Gauge("mycel_dht_contacts", "Nodes of the table of peers that are known.", now.Contacts);
        Gauge("mycel_dht_nodes_estimated", "Nodes that take part in the table of peers, by estimate.", Math.Round(now.EstimatedNodes, 1));
        Gauge("mycel_dht_passive", "Whether this node asks and is not asked, since others cannot reach it.", state.IsPassive ? 1 : 0);
        Gauge("mycel_dht_records", "Records stored, for others and for this node.", now.Records);
        Gauge("mycel_dht_published", "Records that this node keeps published.", now.Publications);
        Gauge("mycel_dht_lookups_active", "Lookups under way.", now.LookupsRunning);
        Counter("mycel_dht_lookups_total", "Lookups begun, those by which the table keeps itself up included.", now.LookupsStarted);
        text.Metric("mycel_dht_record_lookups_total", "counter", "Lookups of records that ended, by what they found.");
        text.Sample("mycel_dht_record_lookups_total", now.LookupsFound, ("result", "found"));
        text.Sample("mycel_dht_record_lookups_total", now.LookupsEmpty, ("result", "empty"));
        Counter("mycel_dht_questions_sent_total", "Questions asked.", now.QuestionsSent);
        Counter("mycel_dht_questions_unanswered_total", "Questions that stayed unanswered.", now.QuestionsUnanswered);
        Counter("mycel_dht_questions_received_total", "Questions of others.", now.QuestionsReceived);
        Counter("mycel_dht_questions_limited_total", "Questions of others dropped, since their address asked too much.", now.QuestionsLimited);
        Counter("mycel_dht_records_refused_total", "Records of others that were not stored.", now.RecordsRefused);
        Counter("mycel_dht_messages_dropped_total", "Messages and datagrams that could not be read, came unasked, or were too many.", now.MessagesDropped + state.PacketsDropped);
        text.Metric("mycel_dht_bytes_total", "counter", "Bytes of messages, by direction.");
        text.Sample("mycel_dht_bytes_total", now.BytesSent, ("direction", "sent"));
        text.Sample("mycel_dht_bytes_total", now.BytesReceived, ("direction", "received"));

        void Gauge(string name, string help, double value) => text.Metric(name, "gauge", help).Sample(name, value);
        void Counter(string name, string help, double value) => text.Metric(name, "counter", help).Sample(name, value);
    }
}
