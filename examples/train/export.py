def write_folder(out, model, tokenizer, threshold):
    import torch, os
    torch.save(model.state_dict(), os.path.join(out,'w.pt'))
    tokenizer.save(os.path.join(out,'tokenizer.json'))
