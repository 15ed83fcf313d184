"""The only room that creates resources: what a stack asks for and its AWS documents, as Pulumi components."""
