using System.Numerics;
using Mycel.Llama.Native;

namespace Mycel.Llama.Engine;

/// <summary>Finds the few largest of many logits.</summary>
internal static class LargestLogits
{
    /// <summary>The <paramref name="k"/> largest, the largest first; of equals the one with the smaller index first.</summary>
    public static Span<NativeCandidate> Find(ReadOnlySpan<float> logits, int k, SamplerScratch scratch)
    {
        var heap = scratch.Candidates(k);
        for (var i = 0; i < k; i++) heap[i] = new NativeCandidate { Token = i, Logit = logits[i] };
        for (var i = k / 2 - 1; i >= 0; i--) Sink(heap, i);
        Scan(logits, k, heap);
        heap.Sort(static (a, b) => a.Logit == b.Logit ? a.Token.CompareTo(b.Token) : b.Logit.CompareTo(a.Logit));
        return heap;
    }

    /// <summary>Few logits exceed the least of the best so far, so whole vectors are passed over at once.</summary>
    private static void Scan(ReadOnlySpan<float> logits, int from, Span<NativeCandidate> heap)
    {
        var lanes = Vector<float>.Count;
        var i = from;
        var least = new Vector<float>(heap[0].Logit);
        for (; i <= logits.Length - lanes; i += lanes)
        {
            if (!Vector.GreaterThanAny(new Vector<float>(logits[i..]), least)) continue;
            for (var lane = i; lane < i + lanes; lane++) Offer(heap, lane, logits[lane]);
            least = new Vector<float>(heap[0].Logit);
        }
        for (; i < logits.Length; i++) Offer(heap, i, logits[i]);
    }

    private static void Offer(Span<NativeCandidate> heap, int token, float logit)
    {
        if (!(logit > heap[0].Logit)) return;
        heap[0] = new NativeCandidate { Token = token, Logit = logit };
        Sink(heap, 0);
    }

    private static void Sink(Span<NativeCandidate> heap, int parent)
    {
        while (true)
        {
            var least = parent;
            var left = 2 * parent + 1;
            if (left < heap.Length && heap[left].Logit < heap[least].Logit) least = left;
            if (left + 1 < heap.Length && heap[left + 1].Logit < heap[least].Logit) least = left + 1;
            if (least == parent) return;
            (heap[parent], heap[least]) = (heap[least], heap[parent]);
            parent = least;
        }
    }
}
