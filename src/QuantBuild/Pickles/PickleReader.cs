using System.Buffers.Binary;
using System.Globalization;
using System.Numerics;
using System.Text;
using QuantBuild.SafeTensors;

namespace QuantBuild.Pickles;

/// <summary>A name that a pickle refers to, such as <c>torch.FloatStorage</c>; it is never looked up, let alone called.</summary>
/// <param name="Module">Module.</param>
/// <param name="Name">Name in it.</param>
internal sealed record PickleGlobal(string Module, string Name)
{
    /// <inheritdoc/>
    public override string ToString() => $"{Module}.{Name}";
}

/// <summary>
/// Reads pickles as <c>torch.save</c> writes state dicts, and nothing else: values are texts, numbers, tuples, lists and dictionaries; what
/// Python would call is handed to a function that knows the few names of a state dict and refuses all others. No code runs.
/// </summary>
/// <remarks>
/// A pickle is a program for a stack machine (Python's <c>pickletools</c> documents its instructions). Every instruction reads at least one
/// byte and adds at most one value, so that work and memory are bounded by the pickle's length.
/// </remarks>
/// <param name="pickle">The bytes.</param>
/// <param name="path">For messages.</param>
/// <param name="persistent">Makes a value of a persistent id.</param>
/// <param name="call">Makes a value of a name and arguments; throws for a name that is not allowed.</param>
internal sealed class PickleReader(byte[] pickle, string path, Func<object?, object?> persistent,
    Func<PickleGlobal, object?[], object?> call)
{
    private static readonly object Mark = new();

    private readonly List<object?> _stack = [];
    private readonly Dictionary<long, object?> _memo = [];
    private int _at;

    /// <summary>Runs the pickle and returns its value.</summary>
    /// <exception cref="SafeTensorsException">It has an instruction or a name that no state dict needs, or ends too early.</exception>
    public object? Read()
    {
        while (true)
        {
            byte op = Byte();
            if (op == '.')
                return Pop();
            Step(op);
        }
    }

    private void Step(byte op)
    {
        switch ((char)op)
        {
            case '\x80':
                if (Byte() is var protocol and (< 2 or > 5))
                    throw Fault($"protocol {protocol} is not one that PyTorch writes");
                break;
            case '\x95':
                Take(8);
                break;
            case '(':
                _stack.Add(Mark);
                break;
            case '}':
                _stack.Add(new PickleDictionary());
                break;
            case ']':
                _stack.Add(new List<object?>());
                break;
            case ')':
                _stack.Add(Array.Empty<object?>());
                break;
            case 'N':
                _stack.Add(null);
                break;
            case '\x88' or '\x89':
                _stack.Add(op == 0x88);
                break;
            case 'K':
                _stack.Add((long)Byte());
                break;
            case 'M':
                _stack.Add((long)BinaryPrimitives.ReadUInt16LittleEndian(Take(2)));
                break;
            case 'J':
                _stack.Add((long)BinaryPrimitives.ReadInt32LittleEndian(Take(4)));
                break;
            case '\x8a':
                _stack.Add(Long(Take(Byte())));
                break;
            case 'G':
                _stack.Add(BinaryPrimitives.ReadDoubleBigEndian(Take(8)));
                break;
            case 'X':
                _stack.Add(Text(BinaryPrimitives.ReadUInt32LittleEndian(Take(4))));
                break;
            case '\x8c':
                _stack.Add(Text(Byte()));
                break;
            case 'q':
                _memo[Byte()] = Top();
                break;
            case 'r':
                _memo[BinaryPrimitives.ReadUInt32LittleEndian(Take(4))] = Top();
                break;
            case '\x94':
                _memo[_memo.Count] = Top();
                break;
            case 'h':
                _stack.Add(Remembered(Byte()));
                break;
            case 'j':
                _stack.Add(Remembered(BinaryPrimitives.ReadUInt32LittleEndian(Take(4))));
                break;
            case 'c':
                _stack.Add(new PickleGlobal(Line(), Line()));
                break;
            case '\x93':
                (object? name, object? module) = (Pop(), Pop());
                _stack.Add(new PickleGlobal(As<string>(module), As<string>(name)));
                break;
            case '\x85' or '\x86' or '\x87':
                _stack.Add(Last(op - 0x84));
                break;
            case 't':
                _stack.Add(ToMark());
                break;
            case 'Q':
                _stack.Add(persistent(Pop()));
                break;
            case 'R':
                object?[] arguments = As<object?[]>(Pop());
                _stack.Add(call(As<PickleGlobal>(Pop()), arguments));
                break;
            case 'b':
                // What a state dict is built with are the versions of its modules.
                Pop();
                As<PickleDictionary>(Top());
                break;
            case 's':
                (object? value, object? key) = (Pop(), Pop());
                As<PickleDictionary>(Top()).Set(key, value);
                break;
            case 'u':
                object?[] pairs = ToMark();
                PickleDictionary dictionary = As<PickleDictionary>(Top());
                for (int i = 0; i + 1 < pairs.Length; i += 2)
                    dictionary.Set(pairs[i], pairs[i + 1]);
                break;
            case 'a':
                object? item = Pop();
                As<List<object?>>(Top()).Add(item);
                break;
            case 'e':
                object?[] items = ToMark();
                As<List<object?>>(Top()).AddRange(items);
                break;
            default:
                throw Fault(string.Create(CultureInfo.InvariantCulture,
                    $"the pickle has the instruction 0x{op:x2} at byte {_at - 1}, which no state dict needs"));
        }
    }

    private object? Pop()
    {
        object? value = Top();
        _stack.RemoveAt(_stack.Count - 1);
        return value;
    }

    private object? Top() =>
        _stack.Count > 0 && _stack[^1] != Mark ? _stack[^1] : throw Fault("the pickle takes a value that is not there");

    private object?[] Last(int count)
    {
        var values = new object?[count];
        for (int i = count - 1; i >= 0; i--)
            values[i] = Pop();
        return values;
    }

    private object?[] ToMark()
    {
        int mark = _stack.LastIndexOf(Mark);
        if (mark < 0)
            throw Fault("the pickle closes a group that it did not begin");
        object?[] values = [.. _stack.Skip(mark + 1)];
        _stack.RemoveRange(mark, _stack.Count - mark);
        return values;
    }

    private object? Remembered(long index) =>
        _memo.TryGetValue(index, out object? value) ? value : throw Fault("the pickle recalls what it did not store");

    private T As<T>(object? value) where T : class => value as T ?? throw Fault("the pickle takes a value for one of another kind");

    private static long Long(ReadOnlySpan<byte> bytes)
    {
        var value = new BigInteger(bytes, isUnsigned: false, isBigEndian: false);
        return value > long.MaxValue || value < long.MinValue ? -1 : (long)value;
    }

    private string Text(long count) => Encoding.UTF8.GetString(Take(count));

    private string Line()
    {
        int end = pickle.AsSpan(_at).IndexOf((byte)'\n');
        if (end < 0)
            throw Fault("the pickle ends within a name");
        string line = Encoding.UTF8.GetString(pickle, _at, end);
        _at += end + 1;
        return line;
    }

    private byte Byte() => Take(1)[0];

    private ReadOnlySpan<byte> Take(long count)
    {
        if (count > pickle.Length - _at)
            throw Fault("the pickle ends too early");
        _at += (int)count;
        return pickle.AsSpan(_at - (int)count, (int)count);
    }

    private SafeTensorsException Fault(string reason) => PthException.Pickle(path, reason);
}
