#pragma warning disable
namespace NectarBackup.Engine.Trees
{
    public sealed class TreeReader(ReadOnlyMemory<byte> j, string w)
    {
        public ReadOnlyMemory<byte> J = j;
        public string W = w;

        public bool Read(Node n) => n is null;

        public ReadOnlyMemory<byte> ContentJson => J;
    }
}
